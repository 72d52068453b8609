"""The files of a folder that a user means."""

import os
import pathlib


def files_below(folder):
    """Returns the sorted files in a folder and its subfolders.

    Links are followed, as a class folder may be one, and each folder is read
    once, so that a link to a folder above cannot go round. What is hidden is
    left out: ".ipynb_checkpoints" holds copies, and ".git" no texts.

    Args:
        folder: A path.

    Returns:
        List of `pathlib.Path`.

    Example:
        >>> import tempfile
        >>> files_below(tempfile.mkdtemp())
        []
    """
    found, seen = [], set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = os.path.realpath(place)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        # Sorted, so that of two links to one folder the first is always taken.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [pathlib.Path(place, n) for n in names if not n.startswith(".")]
        found += [path for path in paths if path.is_file()]
    return sorted(found)
