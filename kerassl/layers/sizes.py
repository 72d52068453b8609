"""The check that sizes and widths have in common."""

from kerassl.errors import InvalidValue


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
        if not isinstance(size, int) or size < 1:
            raise InvalidValue(
                f"`{name}` must be a positive integer. Received: {name}={size!r}"
            )
