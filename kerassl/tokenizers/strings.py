"""From the bytes that TensorFlow holds texts in to Python's strings."""

from collections.abc import Iterable


def as_strings(texts: Iterable[bytes]) -> list[str]:
    """Returns texts as strings, with U+FFFD in place of what is not UTF-8.

    Args:
        texts: Texts as bytes, such as those of `tensor.numpy()`.

    Example:
        >>> as_strings([b"caf\\xc3\\xa9", b"\\xff"])
        ['café', '\ufffd']
    """
    return [text.decode("utf-8", "replace") for text in texts]
