"""Names of files that another file gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerassl.errors import InvalidValue


def inside(folder: Path, name: Any, what: str) -> Path:
    """Returns the file `name` in `folder`, which must be a plain name.

    Args:
        folder: The folder.
        name: What a file says another one is called.
        what: How messages call the file that says so.

    Raises:
        ValueError: If it is no name of a file in the folder itself.

    Example:
        >>> inside(Path("shards"), "tokens-0.npy", "manifest.json").name
        'tokens-0.npy'
    """
    plain = isinstance(name, str) and name not in ("", ".", "..")
    if not plain or any(sign in name for sign in "/\\:\0"):
        raise InvalidValue(
            f"{what} must name files of its own folder. Received: {name!r}"
        )
    return Path(folder) / name
