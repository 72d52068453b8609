"""A folder in which one process works at a time."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

from kerassl.errors import InvalidValue

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: str | os.PathLike) -> Iterator[None]:
    """Keeps a folder to this process, until it leaves or ends, however it ends.

    Args:
        folder: The folder, which is there.

    Raises:
        ValueError: If another process has it.

    Example:
        >>> import tempfile
        >>> with locked(tempfile.mkdtemp()):
        ...     pass
    """
    import filelock

    try:
        lock = filelock.FileLock(pathlib.Path(folder) / LOCK, timeout=0).acquire()
    except filelock.Timeout as error:
        raise InvalidValue(
            f"Another process is at work in {folder}. Wait for its end, or choose "
            "another folder with `out`."
        ) from error
    with lock:
        yield
