"""Models in files: `.keras` archives and weights, looked through before use."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from kerassl.allowed.configs import check_config, reason
from kerassl.allowed.documents import MAX_BYTES, parse
from kerassl.allowed.names import NotAllowed
from kerassl.errors import InvalidValue

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
MAX_MEMBERS = 10_000
# Keras stores without compression. Below the floor any ratio is harmless.
MAX_EXPANSION = 100
FLOOR_BYTES = 1 << 26
# What Python finds wrong with an archive.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


class Damaged(InvalidValue):
    """A file is not whole."""


def load_model(path: str | Path) -> Any:
    """Returns the model of a `.keras` file that names parts of models only.

    Args:
        path: The file.

    Returns:
        The Keras model.

    Raises:
        ValueError: If it is damaged, names anything else, or asks for more than
            it holds.

    Example:
        >>> model = load_model("encoder.keras")  # doctest: +SKIP
    """
    import keras

    path = Path(path)
    config = read_config(path)
    _check_whole(path)
    check_config(config, str(path))
    check_weights(path)
    try:
        model = keras.saving.load_model(path, safe_mode=True)
    except Exception as error:
        raise InvalidValue(f"{path} cannot be loaded: {reason(error)}") from error
    if not isinstance(model, keras.Model):
        raise NotAllowed(f"{path} holds a {type(model).__name__}, expected a model.")
    return model


def read_config(path: str | Path) -> Any:
    """Returns the configuration in a `.keras` file, as plain values.

    Args:
        path: The file.

    Raises:
        ValueError: If it is damaged or no archive of Keras.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path)
            content = _read(archive, CONFIG, path)
    except _BROKEN as error:
        raise Damaged(f"{path} is not a Keras archive.") from error
    return parse(content, f"{path}: {CONFIG}")


def check_weights(path: str | Path) -> None:
    """Raises if the weights in a file refer to other files, or are a bomb.

    Args:
        path: A `.keras` or a `.h5` file.

    Raises:
        ValueError: If so, or if the file is damaged.
    """
    path = Path(path)
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive, archive.open(WEIGHTS) as file:
                _check_h5(file, path)
        else:
            with open(path, "rb") as file:
                _check_h5(file, path)
    except (KeyError, *_BROKEN) as error:
        raise Damaged(f"{path} holds no {WEIGHTS}.") from error


def _check_whole(path: Path) -> None:
    # Keras reads on where the checksum of the weights is wrong.
    try:
        with zipfile.ZipFile(path) as archive:
            spoilt = archive.testzip()
    except (*_BROKEN, RuntimeError) as error:
        raise Damaged(f"{path} is not a Keras archive.") from error
    if spoilt is not None:
        raise Damaged(f"{path} is damaged: {spoilt[:80]!r} has a wrong checksum.")


def _check_members(archive: zipfile.ZipFile, path: str | Path) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > MAX_MEMBERS or len(set(names)) < len(names):
        raise NotAllowed(f"{path} holds too many files, or one name twice.")
    total = sum(member.file_size for member in members)
    if total > FLOOR_BYTES + MAX_EXPANSION * Path(path).stat().st_size:
        raise NotAllowed(f"{path} would grow to {total:,} bytes.")
    for member in members:
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0]:
            raise NotAllowed(
                f"{path} names a file outside itself: {member.filename[:80]!r}"
            )


def _read(archive: zipfile.ZipFile, name: str, path: str | Path) -> bytes:
    try:
        with archive.open(name) as file:
            content = file.read(MAX_BYTES + 1)
    except (KeyError, RuntimeError) as error:  # not there, or encrypted
        raise Damaged(f"{path} is not a Keras archive.") from error
    if len(content) > MAX_BYTES:
        raise NotAllowed(f"{path}: {name} is longer than {MAX_BYTES:,} bytes.")
    return content


def _check_h5(file: BinaryIO | Any, path: Path) -> None:
    import h5py

    try:
        with h5py.File(file, "r") as h5:
            for name, dataset in _datasets(h5, path):
                _check_dataset(dataset, name, path)
    except (OSError, RuntimeError) as error:  # of HDF5
        raise Damaged(f"{path} has damaged weights: {reason(error)}") from error


def _datasets(group: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Yields (name, dataset) of everything in a file, each once."""
    import h5py

    waiting, seen = [group], set()
    while waiting:
        group = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise NotAllowed(f"{path}: {name[:80]!r} is a link to elsewhere.")
            part = group[name]
            place = h5py.h5o.get_info(part.id).addr
            if place in seen:
                continue
            seen.add(place)
            if isinstance(part, h5py.Group):
                waiting.append(part)
            elif isinstance(part, h5py.Dataset):
                yield name, part


def _check_dataset(dataset: Any, name: str, path: Path) -> None:
    if dataset.external or dataset.is_virtual:
        raise NotAllowed(f"{path}: {name[:80]!r} keeps its values in other files.")
    declared = math.prod(dataset.shape or ()) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    if declared > FLOOR_BYTES + MAX_EXPANSION * stored:
        raise NotAllowed(
            f"{path}: {name[:80]!r} would grow from {stored:,} to {declared:,} bytes."
        )
