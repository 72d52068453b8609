"""Shapes and widths given as arguments."""

from collections.abc import Sequence

from kerassl.checks.numbers import check_integer
from kerassl.errors import InvalidValue

# More than any encoder has, and less than what fills the memory at once.
MAX_SIDE = 4096
MAX_WIDTH = 1 << 20


def check_image_shape(name, shape, open_sides=False):
    """Raises ValueError unless a shape is (height, width, channels).

    Args:
        name: The user's argument.
        shape: What was given for it.
        open_sides: Whether height and width may be None.

    Example:
        >>> check_image_shape("input_shape", (28, 28, 1))
    """
    if isinstance(shape, str) or not isinstance(shape, Sequence) or len(shape) != 3:
        raise InvalidValue(
            f"`{name}` must be (height, width, channels). Received: {shape!r}"
        )
    for side in shape[:2]:
        if not (open_sides and side is None):
            check_integer(name, side, least=1, most=MAX_SIDE)
    check_integer(name, shape[2], least=1, most=MAX_SIDE)


def check_widths(**widths):
    """Raises ValueError unless each is a list of one or more positive integers.

    Args:
        **widths: What to check, under the names of the user's arguments.

    Example:
        >>> check_widths(widths=(32, 0))
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `widths` must hold one or more positive integers, \
at most 1048576. Received: (32, 0)
    """
    for name, values in widths.items():
        fits = isinstance(values, Sequence) and not isinstance(values, str) and values
        if not fits or not all(_is_width(value) for value in values):
            raise InvalidValue(
                f"`{name}` must hold one or more positive integers, at most "
                f"{MAX_WIDTH}. Received: {values!r}"
            )


def check_width(**widths):
    """Raises ValueError unless each is one positive integer."""
    for name, value in widths.items():
        check_integer(name, value, least=1, most=MAX_WIDTH)


def _is_width(value):
    integer = isinstance(value, int) and not isinstance(value, bool)
    return integer and 1 <= value <= MAX_WIDTH
