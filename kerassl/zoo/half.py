"""Weights of Keras in half precision, where that is enough."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerassl.errors import InvalidValue

DTYPE = "float16"


def write_half(written: Path, path: Path) -> int:
    """Writes a copy of a file of weights with its matrices in half precision.

    Tensors of two dimensions and more become float16: it errs an eighth of what
    bfloat16 does, and trained weights need not the range of that. Vectors, such as
    biases and the statistics of a batch normalisation, and whole numbers stay as they
    are: they are few, and each moves all of a channel.

    Args:
        written: A file of Keras's `save_weights`.
        path: The copy.

    Returns:
        How many numbers it holds.

    Raises:
        ValueError: If a number is not finite in half precision.
    """
    import h5py

    # In the oldest format, which alone keeps no times: the same weights, the same hash.
    with h5py.File(written) as source, h5py.File(path, "w") as target:
        return _copy(source, target)


def _copy(source: Any, target: Any) -> int:
    """Copies a group with all below it, and returns how many numbers there are."""
    import h5py

    # Not the attributes of groups: Keras notes names there that count the layers of a
    # session, and does not read them.
    count = 0
    for name, part in source.items():
        if isinstance(part, h5py.Group):
            count += _copy(part, target.create_group(name))
        else:
            values = target.create_dataset(name, data=_halved(part))
            values.attrs.update(part.attrs)
            count += part.size
    return count


def _halved(variable: Any) -> Any:
    """Returns the values of a variable, a matrix of floats in half precision."""
    import numpy as np

    values = variable[()]
    if not np.issubdtype(values.dtype, np.floating):
        return values
    with np.errstate(over="ignore"):
        halved = values.astype(DTYPE) if values.ndim > 1 else values
    if not np.isfinite(halved).all():
        raise InvalidValue(
            f"{variable.name.strip('/')} holds numbers that are not finite in {DTYPE}, "
            f"up to {np.abs(values).max():.3g}."
        )
    return halved
