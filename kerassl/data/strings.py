"""Strings in memory: which can be used as texts, and why others cannot."""

import numpy as np

from kerassl.data.text_lines import NUL, is_blank
from kerassl.errors import InvalidValue


def is_missing(item):
    """Tells whether an entry stands for no text at all: None, NaN or pandas' NA.

    Example:
        >>> is_missing(None), is_missing(float("nan")), is_missing("nan")
        (True, True, False)
    """
    if isinstance(item, (float, np.floating)):
        return bool(np.isnan(item))
    return item is None or type(item).__name__ in ("NAType", "NaTType")


def holds_strings(name, array):
    """Tells whether an object array holds texts, and beside them nothing else.

    Args:
        name: What the array is called in messages.
        array: Object array.

    Raises:
        ValueError: If it holds texts and other values that are not missing.

    Example:
        >>> holds_strings("x", np.array(["a", None], object))
        True
    """
    kinds = [isinstance(item, (str, bytes)) for item in array.flat]
    if not any(kinds):
        return False
    for i in np.flatnonzero(np.logical_not(kinds)):
        if not is_missing(array.flat[i]):
            raise InvalidValue(
                f"`{name}` mixes strings with other values: entry "
                f"{i // (array.size // len(array))} is "
                f"{type(array.flat[i]).__name__}."
            )
    return True


def encode_strings(array):
    """Returns texts as UTF-8, and which rows cannot be used.

    Args:
        array: Object array of strings, bytes and missing entries, (rows, ...).

    Returns:
        Object array of bytes, and {row: reason} of the rows that hold an entry that
        is missing, empty or not UTF-8.

    Example:
        >>> encode_strings(np.array(["a", None, " "], object))[1]
        {1: 'missing', 2: 'empty'}
    """
    encoded, reasons = np.empty(array.size, object), {}
    width = array.size // len(array)
    for i, item in enumerate(array.flat):
        encoded[i], reason = _encoded(item)
        if reason:
            reasons.setdefault(i // width, reason)
    return encoded.reshape(array.shape), reasons


def _encoded(item):
    """Returns the bytes of one entry, and why they cannot be used or None."""
    if is_missing(item):
        return b"", "missing"
    try:
        content = item if isinstance(item, bytes) else item.encode("utf-8")
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = item[error.start]
        return b"", f"not UTF-8 (byte 0x{byte:02x} at offset {error.start})"
    except UnicodeEncodeError as error:
        return b"", f"not UTF-8 ({error.reason})"
    if is_blank(text):
        return b"", "empty"
    return content, NUL if "\0" in text else None
