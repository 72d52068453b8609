"""Numbers given as arguments."""

import numbers
import reprlib

from kerassl.errors import InvalidType, InvalidValue

# The largest that a float32 and an int32 hold: what is beyond is infinite, or no
# size of a tensor.
MOST_FLOAT = 3.4028235e38
MOST_INTEGER = 2**31 - 1


def check_number(name, value, *, least=None, above=None, most=None, below=None):
    """Raises unless a value is a finite number in a range.

    NaN fails every comparison, and a string or None fails in a comparison with
    an error that does not name the argument. Truth values are no numbers here.

    Args:
        name: The user's argument.
        value: What was given for it.
        least: The least that it may be, or None.
        above: What it must be above, or None.
        most: The most that it may be, or None.
        below: What it must be below, or None.

    Raises:
        TypeError: If `value` is not a number.
        ValueError: If it is NaN, infinite in float32, or out of range.

    Example:
        >>> check_number("rate", float("nan"), least=0, most=1)
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `rate` must be in [0, 1]. Received: rate=nan
    """
    wanted = _range(least, above, most, below)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidType(
            f"`{name}` must be a number, {wanted}. Received: {_shown(name, value)}"
        )
    fits = (
        abs(value) <= MOST_FLOAT
        and (least is None or value >= least)
        and (above is None or value > above)
        and (most is None or value <= most)
        and (below is None or value < below)
    )
    if not fits:
        if abs(value) > MOST_FLOAT:
            wanted = f"{wanted}, and finite in float32"
        raise InvalidValue(
            f"`{name}` must be {wanted}. Received: {_shown(name, value)}"
        )


def check_rate(learning_rate):
    """Raises unless a plain learning rate is a finite number, 0 or more.

    Args:
        learning_rate: What an optimizer takes. Schedules, their configurations and
            callables are left alone.
    """
    if isinstance(learning_rate, dict) or callable(learning_rate):
        return
    check_number("learning_rate", learning_rate, least=0)


def check_integer(name, value, *, least=None, most=MOST_INTEGER):
    """Raises ValueError unless a value is an integer in a range.

    Args:
        name: The user's argument.
        value: What was given for it. True and False are no integers here.
        least: The least that it may be, or None.
        most: The most that it may be: by default the largest size of a tensor.

    Example:
        >>> check_integer("start", -1, least=0)
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `start` must be an integer >= 0. Received: -1
    """
    wanted = "an integer" if least is None else f"an integer >= {least}"
    if not is_integer(value, least, most):
        if is_integer(value, most):
            wanted = f"{wanted}, at most {most}"
        raise InvalidValue(
            f"`{name}` must be {wanted}. Received: {reprlib.repr(value)}"
        )


def check_positive_integers(**sizes):
    """Raises ValueError unless each is an integer above 0.

    Args:
        **sizes: What to check, under the names of the user's arguments.

    Example:
        >>> check_positive_integers(dim=0)
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `dim` must be a positive integer. Received: dim=0
    """
    for name, size in sizes.items():
        if not is_integer(size, 1, MOST_INTEGER):
            wanted = "a positive integer"
            if is_integer(size, 1):
                wanted = f"{wanted}, at most {MOST_INTEGER}"
            raise InvalidValue(
                f"`{name}` must be {wanted}. Received: {_shown(name, size)}"
            )


def is_integer(value, least, most=None):
    """Returns whether a value is an integer, True and False aside, in a range.

    Args:
        value: What was given.
        least: The least that it may be, or None.
        most: The most that it may be, or None.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def _range(least, above, most, below):
    """Returns in words where a number must lie."""
    if most is not None or below is not None:
        left = f"({above}" if least is None else f"[{least}"
        right = f"{most}]" if most is not None else f"{below})"
        return f"in {left}, {right}"
    if above is not None:
        return f"above {above}"
    return "finite" if least is None else f"{least} or more"


def _shown(name, value):
    return f"{name}={reprlib.repr(value)}"
