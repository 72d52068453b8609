"""Files that appear whole or not at all, however a process ends."""

import contextlib
import json
import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any


def publish(written: str | os.PathLike, path: str | os.PathLike) -> None:
    """Moves a written file to its place, so that no reader sees half of it.

    Its bytes reach the disk before its name does, and the name before this returns:
    neither a kill nor a power cut leaves a file that is cut short.

    Args:
        written: A file of the same file system.
        path: Where it shall stand. What stands there is replaced.
    """
    _flush(written)
    os.replace(written, path)
    _flush(pathlib.Path(path).parent)


@contextlib.contextmanager
def atomic(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Gives a path to write to, whose file then appears at `path` at once.

    After an error nothing has changed. What a killed process leaves is hidden, and
    overwritten by the next.

    Args:
        path: Where the file shall stand, in a folder that is there.

    Yields:
        `pathlib.Path` beside `path`, of the same ending.

    Example:
        >>> import tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "notes.txt"
        >>> with atomic(path) as unfinished:
        ...     _ = unfinished.write_text("all of it")
        ...     path.exists()
        False
        >>> path.read_text()
        'all of it'
    """
    path = pathlib.Path(path)
    # Keras reads the format from the ending, so it must stay.
    unfinished = path.with_name(f".unfinished-{path.name}")
    try:
        yield unfinished
        publish(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Gives an empty folder to fill, which then appears at `path` at once.

    After an error nothing has changed. A folder that stands there is replaced.

    Args:
        path: Where the folder shall stand, in a folder that is there.

    Yields:
        `pathlib.Path` beside `path`.

    Example:
        >>> import tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "notes"
        >>> with atomic_folder(path) as unfinished:
        ...     _ = (unfinished / "one.txt").write_text("all of it")
        ...     path.exists()
        False
        >>> [file.name for file in path.iterdir()]
        ['one.txt']
    """
    path = pathlib.Path(path)
    unfinished = path.with_name(f".unfinished-{path.name}")
    before = path.with_name(f".replaced-{path.name}")
    for left in (unfinished, before):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    unfinished.mkdir()
    try:
        yield unfinished
        for part in (*unfinished.rglob("*"), unfinished):
            _flush(part)
        if path.exists():
            os.replace(path, before)
        os.replace(unfinished, path)
        _flush(path.parent)
        shutil.rmtree(before, ignore_errors=True)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a text as UTF-8, whole or not at all.

    Args:
        path: The file.
        text: What it shall hold, with lines that end as they do here.
    """
    with atomic(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="")


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Writes a value as JSON, whole or not at all.

    Args:
        path: The file.
        value: What JSON can hold.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _flush(path: str | os.PathLike) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
