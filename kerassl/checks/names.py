"""Names given as arguments, and what was meant by a wrong one."""

import difflib
import reprlib

from kerassl.errors import InvalidValue


def check_one_of(name, value, known):
    """Raises unless a value is one of a few that are known.

    Args:
        name: The argument's name, for the error.
        value: What the user gave.
        known: Sequence of the values there are.

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_one_of("split", "train", ("train", "test"))
    """
    if value not in known:
        raise InvalidValue(
            f"`{name}` must be one of {', '.join(map(repr, known))}. "
            f"Received: {name}={reprlib.repr(value)}"
        )


def suggest(word: str, known: list[str]) -> str:
    """Returns " Did you mean ...?" for the names near `word`, or "".

    Args:
        word: What the user wrote.
        known: The names that exist.

    Example:
        >>> suggest("temprature", ["temperature", "dtype"])
        " Did you mean 'temperature'?"
    """
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower_case, n=3, cutoff=0.5)
    near = [by_lower_case[name] for name in near]
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
