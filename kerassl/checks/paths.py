"""Paths given as arguments."""

import os
import pathlib
import reprlib

from kerassl.errors import InvalidType, InvalidValue

# Bytes of a file's name, and of a path, beyond which no system has one.
MOST_NAME, MOST_PATH = 255, 4096


def user_path(path, name):
    """Returns a path that a user gave, with `~` and `~user` replaced.

    Args:
        path: A string or a path.
        name: The user's argument.

    Returns:
        `pathlib.Path`.

    Raises:
        TypeError: If it is neither.
        ValueError: If it is empty, holds a NUL, is too long for a path, or names a user
            who is not there.

    Example:
        >>> user_path("", "data")
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `data` must name a file or a folder. Received: ''
    """
    if not isinstance(path, str | os.PathLike):
        raise InvalidType(f"`{name}` must be a string or a path. Received: {path!r}")
    text = os.fspath(path)
    if not text.strip() or "\0" in text or not _is_short(text):
        raise InvalidValue(
            f"`{name}` must name a file or a folder. Received: {reprlib.repr(text)}"
        )
    try:
        return pathlib.Path(path).expanduser()
    except RuntimeError as error:
        raise InvalidValue(
            f"`{name}` begins with the home of a user who is not known here. "
            f"Received: {text!r}"
        ) from error


def _is_short(text):
    """Tells whether a system can have a file of that name."""
    try:
        parts = os.fsencode(text).split(os.fsencode(os.sep))
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return max(map(len, parts)) <= MOST_NAME and len(text) <= MOST_PATH
