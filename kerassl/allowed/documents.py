"""JSON that another may have written: its size and depth are bounded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kerassl.errors import InvalidValue

# A model of a thousand layers takes 2 MB of configuration.
MAX_BYTES = 1 << 26
MAX_DEPTH = 100


def read_json(path: Path, what: str, max_bytes: int = MAX_BYTES) -> Any:
    """Returns what a JSON file holds.

    Args:
        path: The file.
        what: How messages call it, in front of what is wrong.
        max_bytes: A longer file is refused.

    Raises:
        ValueError: If it is not JSON, too long, or nested too deeply.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "a.json")
        >>> _ = path.write_text('{"a": [1]}')
        >>> read_json(path, "the file")
        {'a': [1]}
    """
    with open(path, "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise InvalidValue(f"{what} is longer than {max_bytes:,} bytes.")
    return parse(content, what)


def parse(text: str | bytes, what: str) -> Any:
    """Returns what a JSON text holds: plain values of bounded depth.

    Args:
        text: The text, in UTF-8 if bytes.
        what: How messages call it.

    Raises:
        ValueError: If it is not JSON, or nested too deeply.

    Example:
        >>> parse('{"a": 1}', "the text")
        {'a': 1}
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = json.loads(text)
    except RecursionError as error:
        raise InvalidValue(_too_deep(what)) from error
    except ValueError as error:  # of JSON or of UTF-8
        raise InvalidValue(f"{what} is not valid JSON: {error}") from error
    check_depth(value, what)
    return value


def check_depth(value: Any, what: str, limit: int = MAX_DEPTH) -> None:
    """Raises unless lists and dicts are nested at most `limit` deep.

    Example:
        >>> check_depth([[1]], "the value")
    """
    layer = [value]
    for _ in range(limit + 1):
        layer = [
            part
            for item in layer
            if isinstance(item, dict | list | tuple)
            for part in (item.values() if isinstance(item, dict) else item)
        ]
        if not layer:
            return
    raise InvalidValue(_too_deep(what, limit))


def _too_deep(what: str, limit: int = MAX_DEPTH) -> str:
    return f"{what} is nested too deeply: expected at most {limit} levels."
