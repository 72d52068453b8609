"""The files of a folder that a user means, and whether they are still the same."""

import concurrent.futures
import hashlib
import os
import pathlib

# Of a corpus above this size only the beginning, the middle and the end of each
# file are read for its fingerprint, together with its time.
WHOLE_BYTES = 1 << 30
SAMPLE_BYTES = 1 << 16


def files_below(folder, skip=None):
    """Returns the sorted files in a folder and its subfolders.

    Links are followed, as a class folder may be one, and each folder is read
    once, so that a link to a folder above cannot go round. What is hidden is
    left out: ".ipynb_checkpoints" holds copies, and ".git" no texts.

    Args:
        folder: A path.
        skip: Function that is told (path, reason) of what is left out although it is
            not hidden, such as `Source.skip`; None for none.

    Returns:
        List of `pathlib.Path`.

    Example:
        >>> import tempfile
        >>> files_below(tempfile.mkdtemp())
        []
    """
    skip = skip or (lambda path, reason: None)
    found, seen = [], set()
    walk = os.walk(
        folder,
        followlinks=True,
        onerror=lambda error: skip(error.filename, f"not read: {error.strerror}"),
    )
    for place, folders, names in walk:
        here = os.path.realpath(place)
        if here in seen:
            folders.clear()
            skip(place, "a link to a folder that is read already")
            continue
        seen.add(here)
        # Sorted, so that of two links to one folder the first is always taken.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = pathlib.Path(place, name)
            if name.startswith("."):
                continue
            if os.path.isfile(path):
                found.append(path)
            elif os.path.exists(path):
                skip(path, "neither a file nor a folder")
            else:
                skip(path, "a link to nothing")
    return sorted(found)


def wanted_files(folder, is_wanted, what, skip=None):
    """Returns the sorted files of one kind in a folder and its subfolders.

    Args:
        folder: The folder.
        is_wanted: Function that tells of a path whether its file is of the kind.
        what: How messages call them, such as "Images".
        skip: As in `files_below`, told of files of other kinds too.

    Raises:
        FileNotFoundError: If there is no such folder.
        NotADirectoryError: If `folder` is a file.
    """
    folder = pathlib.Path(folder)
    if not folder.exists():
        raise FileNotFoundError(
            f"There is no folder {str(folder)!r} (looked from {pathlib.Path.cwd()})."
        )
    if not folder.is_dir():
        raise NotADirectoryError(
            f"{what} are read from a folder. Received a file: {str(folder)!r}"
        )
    files = []
    for path in files_below(folder, skip):
        if is_wanted(path):
            files.append(path)
        elif skip:
            suffix = path.suffix.lower()
            kind = f"a {suffix} file" if suffix else "a file without suffix"
            skip(path, f"{kind}, not read")
    return files


def fingerprint_files(paths, root=None):
    """Returns {name: fingerprint} of files, by which a change of one is told.

    Where all files together have at most 1 GiB, a fingerprint is a digest of the
    whole content, so that a copy of the files is the same data. Above that it is
    one of size, time of change and samples of the content.

    Args:
        paths: List of `pathlib.Path`.
        root: Names are relative to this folder where a file lies below it; None
            keeps the paths as they are.

    Returns:
        Dict in the order of `paths`; values have 16 hexadecimal digits.

    Example:
        >>> import tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "a.txt")
        >>> _ = path.write_text("a")
        >>> fingerprint_files([path], path.parent)
        {'a.txt': '40f89e395b66422f'}
    """
    whole = sum(path.stat().st_size for path in paths) <= WHOLE_BYTES
    with concurrent.futures.ThreadPoolExecutor() as pool:
        prints = pool.map(_whole_print if whole else _sampled_print, paths)
        return {
            _name(path, root): print_
            for path, print_ in zip(paths, prints, strict=True)
        }


def combined_fingerprint(fingerprints):
    """Returns 16 hexadecimal digits that name a set of files and their content.

    Args:
        fingerprints: As `fingerprint_files` returns them.

    Example:
        >>> len(combined_fingerprint({"a.txt": "40f89e395b66422f"}))
        16
    """
    digest = hashlib.blake2b(digest_size=8)
    for name, print_ in sorted(fingerprints.items()):
        digest.update(f"{name}\0{print_}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def _name(path, root):
    inside = root is not None and path.is_relative_to(root)
    name = str(path.relative_to(root) if inside else path)
    return name.encode("utf-8", "replace").decode("utf-8")  # a file's name need not be


def _whole_print(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, _digest).hexdigest()


def _sampled_print(path):
    facts = path.stat()
    digest = _digest()
    digest.update(f"{facts.st_size} {facts.st_mtime_ns}".encode())
    with open(path, "rb") as file:
        for place in (0, facts.st_size // 2, facts.st_size - SAMPLE_BYTES):
            file.seek(max(0, place))
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def _digest():
    return hashlib.blake2b(digest_size=8)
