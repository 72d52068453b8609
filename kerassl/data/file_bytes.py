"""The bytes of a large file, read where they are asked for."""

import os

import numpy as np


class FileBytes:
    """A file as an array of bytes of which only slices are in memory.

    Not a memory map: reading behind the end of a file that was cut short
    meanwhile kills a process that maps it. Here a file that was cut, replaced or
    written to since it was opened first is an error.

    Args:
        path: A `pathlib.Path`.

    Raises:
        OSError: If the file cannot be read; later, if it has changed.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "a.txt")
        >>> _ = path.write_text("one two")
        >>> FileBytes(path)[4:7].tobytes()
        b'two'
    """

    def __init__(self, path):
        self.path = path
        self._facts = _facts(os.stat(path))

    def __len__(self):
        return self._facts[0]

    def __getitem__(self, place):
        start, stop, _ = place.indices(len(self))
        return np.frombuffer(self.read([(start, stop)])[0], np.uint8)

    def read(self, spans):
        """Returns the bytes of spans of the file.

        Args:
            spans: Sequence of (start, end), within the file.

        Returns:
            List of `bytes`.
        """
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            if _facts(os.fstat(descriptor)) != self._facts:
                raise self._changed()
            return [self._span(descriptor, int(a), int(b)) for a, b in spans]
        finally:
            os.close(descriptor)

    def _span(self, descriptor, start, end):
        parts = []
        while start < end:  # one call gives 2 GiB at most
            part = os.pread(descriptor, end - start, start)
            if not part:
                raise self._changed()
            parts.append(part)
            start += len(part)
        return b"".join(parts)

    def _changed(self):
        return OSError(
            f"{self.path} has changed since it was opened first. Leave the files of a "
            "run as they are until it ends, then begin it anew."
        )


def _facts(status):
    return status.st_size, status.st_mtime_ns, status.st_ino
