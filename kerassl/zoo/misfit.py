"""Which variable of a model a file of weights does not fit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SUFFIX = ".weights.h5"


def misfit(model: Any, path: Path) -> str:
    """Returns in a sentence the first variable that a file holds otherwise.

    Args:
        model: The Keras model that the file was meant for, built.
        path: A file of weights that `kerassl.allowed.check_weights` lets pass.

    Returns:
        The sentence; "" where all variables are alike, or the file is none that
        `save_weights` writes.
    """
    if not path.name.endswith(_SUFFIX):
        return ""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch, f"fresh{_SUFFIX}")
        model.save_weights(fresh)
        here, there = dict(_shapes(fresh)), dict(_shapes(path))
    for name in sorted({*here, *there}):
        if name not in there:
            return f"It lacks {name}, here of shape {here[name]}."
        if name not in here:
            return f"It holds {name}, which is not there here."
        if here[name] != there[name]:
            return f"It holds {name} of shape {there[name]}, here it is {here[name]}."
    return ""


def _shapes(path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yields (name, shape) of every variable in a file, in the order of names."""
    import h5py

    with h5py.File(path) as file:
        waiting = [file]
        while waiting:
            for part in waiting.pop().values():
                if isinstance(part, h5py.Group):
                    waiting.append(part)
                else:
                    yield part.name.strip("/"), part.shape
