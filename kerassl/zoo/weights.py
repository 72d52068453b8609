"""Trained weights that come with a preset: what they are, and that they are whole.

They lie in a folder beside the preset's file, of its name: `weights.json` says of
what run they are, `task.weights.h5` (or `encoder.weights.h5`) holds the variables,
the trained ones in half precision, and `tokenizer/` the vocabulary where the preset
has one. All of it is data: nothing is read before its hash is that of
`weights.json`, and then by the rules for any file of another, `kerassl.allowed`.

`python -m kerassl.pretraining.shipping RUN` makes such a folder of a finished run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerassl import allowed
from kerassl.checks import suggest
from kerassl.errors import InvalidValue
from kerassl.zoo import catalog

# What `weights` of `kerassl.zoo.load` calls them.
PRETRAINED = "pretrained"
MANIFEST = "weights.json"
FORMAT = 1
# What is kept of a run: all of its task, or the encoder alone.
FILES = {"task": "task.weights.h5", "encoder": "encoder.weights.h5"}
# A page of figures, and the weights of a preset for a laptop.
_MAX_MANIFEST, _MAX_BYTES = 1 << 20, 1 << 28
_TYPES: dict[str, type | tuple[type, ...]] = {
    "format": int,
    "preset": str,
    "config_hash": str,
    "configuration": str,
    "holds": str,
    "dtype": str,
    "parameters": int,
    "seed": int,
    "steps": int,
    "date": str,
    "data": dict,
    "input": dict,
    "figures": dict,
    "versions": dict,
    "files": dict,
}
_DATA_TEXTS = ("name", "licence", "address")
_HASH_DIGITS = 64


def trained_names() -> list[str]:
    """Returns the names of the presets that come with trained weights.

    Example:
        >>> set(trained_names()) <= set(catalog.names())
        True
    """
    return [name for name in catalog.names() if (folder(name) / MANIFEST).is_file()]


def folder(name: str | Path) -> Path:
    """Returns the folder in which a preset's weights lie, if it has any.

    Args:
        name: A preset's name, or the path of your own `.json`.

    Raises:
        UnknownPreset: If no preset has this name.

    Example:
        >>> folder("simclr_digits").name
        'simclr_digits'
    """
    return catalog.path_of(name).with_suffix("")


def manifest(name: str | Path) -> dict[str, Any] | None:
    """Returns what is said of a preset's trained weights, None if it has none.

    Args:
        name: A preset's name, or the path of your own `.json`.

    Returns:
        A dict: "holds" what, "dtype", "parameters"; "seed", "steps" and "date" of
        the run, "data" with their "licence", "input" that the encoder takes,
        "figures" that the run measured, "files" with "bytes" and "sha256".

    Raises:
        UnknownPreset: If no preset has this name.
        ValueError: If the file is damaged.

    Example:
        >>> manifest("bert_base") is None
        True
    """
    path = folder(name) / MANIFEST
    if not path.is_file():
        return None
    found = allowed.read_json(path, f"weights: '{path}'", _MAX_MANIFEST)
    _check_manifest(found, path)
    return found


def verified(name: str | Path | Mapping[str, Any]) -> Path:
    """Returns the file of a preset's trained weights, every byte as it was made.

    Args:
        name: A preset's name, the path of your own `.json`, or a configuration,
            which means the preset that its "name" says.

    Raises:
        UnknownPreset: If no preset has this name.
        ValueError: If the preset comes without weights, or a file is another than
            `weights.json` says.
    """
    if isinstance(name, Mapping):
        name = str(name["name"])
    found = manifest(name)
    if found is None:
        others = ", ".join(trained_names()) or "no preset yet"
        raise InvalidValue(
            f"weights: preset {str(name)!r} comes without trained weights. With them: "
            f"{others}."
        )
    path = folder(name)
    _check_names(path, found["files"])
    for file, facts in found["files"].items():
        _check_file(path / file, facts)
    return path / FILES[found["holds"]]


def told(name: str | Path) -> str:
    """Returns what is to be known of a preset's trained weights, in Markdown.

    Args:
        name: A preset's name, or the path of your own `.json`.

    Returns:
        A section of a page; "" if it has none.

    Example:
        >>> told("bert_base")
        ''
    """
    found = manifest(name)
    if found is None:
        return ""
    data, file = found["data"], FILES[found["holds"]]
    size = sum(facts["bytes"] for facts in found["files"].values())
    lines = {
        "holds": f"the {found['holds']}, {found['parameters']:,} numbers in "
        f"{found['dtype']}; {size:,} bytes",
        "run": f"{found['steps']:,} steps, seed {found['seed']}, {found['date']}, "
        f"configuration {found['configuration']}",
        "data": f"{data['name']}, {data['licence']}, {data['address']}",
        "input": str(found["input"].get("told", "")),
        "SHA-256": found["files"][file]["sha256"],
    }
    rows = "".join(f"- {key}: {value}\n" for key, value in lines.items() if value)
    load = f'`kerassl.zoo.load("{found["preset"]}", weights="{PRETRAINED}")`'
    return f"## Trained weights\n\n{load}\n\n{rows}"


def refuse(weights: Any) -> FileNotFoundError:
    """Returns the error of `weights` that are neither a known word nor a path."""
    near = suggest(str(weights), [PRETRAINED, "random"])
    return FileNotFoundError(
        f"weights: expected None, '{PRETRAINED}', 'random' or an existing path, "
        f"received {str(weights)!r}.{near}"
    )


def _check_manifest(found: Any, path: Path) -> None:
    """Raises unless a manifest holds all that it must, each of its type."""
    if not isinstance(found, dict):
        raise _damaged(path, f"expected a JSON object, received {found!r:.40}")
    for key, kind in _TYPES.items():
        value = found.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _damaged(path, f"{key!r} is {value!r:.40}")
    if found["format"] != FORMAT or found["holds"] not in FILES:
        raise _damaged(path, "it is of a format that this version does not read")
    for key in _DATA_TEXTS:
        if not isinstance(found["data"].get(key), str):
            raise _damaged(path, f"'data' has no {key!r}")
    if FILES[found["holds"]] not in found["files"]:
        raise _damaged(path, f"'files' lacks {FILES[found['holds']]!r}")
    for file, facts in found["files"].items():
        if not _is_whole(facts):
            raise _damaged(path, f"what it says of {file!r:.80} is {facts!r:.40}")


def _is_whole(facts: Any) -> bool:
    """Tells whether a size and a hash are said of a file."""
    if not isinstance(facts, dict):
        return False
    size, digest = facts.get("bytes"), facts.get("sha256")
    if not isinstance(size, int) or not isinstance(digest, str):
        return False
    return 0 <= size <= _MAX_BYTES and len(digest) == _HASH_DIGITS


def _check_names(path: Path, files: Mapping[str, Any]) -> None:
    """Raises unless a folder holds the files that are listed, and no others."""
    there = {
        file.relative_to(path).as_posix()
        for file in path.rglob("*")
        if not file.is_dir() and file.name != MANIFEST
    }
    for file in sorted(set(files) - there):
        raise InvalidValue(f"weights: {path} lacks {file!r:.80}.")
    for file in sorted(there - set(files)):
        raise InvalidValue(f"weights: {path / MANIFEST} does not list {file!r:.80}.")


def _check_file(path: Path, facts: Mapping[str, Any]) -> None:
    """Raises unless a file has the size and the hash that are said of it."""
    size = path.stat().st_size
    if size != facts["bytes"]:
        raise InvalidValue(
            f"weights: {path} is damaged: expected {facts['bytes']:,} bytes, received "
            f"{size:,}."
        )
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != facts["sha256"]:
        raise InvalidValue(
            f"weights: {path} is damaged: expected SHA-256 {facts['sha256']}, received "
            f"{digest}."
        )


def _damaged(path: Path, what: str) -> InvalidValue:
    return InvalidValue(f"weights: {path} is damaged: {what}.")
