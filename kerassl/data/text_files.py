"""Which files hold text, and their bytes as UTF-8."""

import bz2
import codecs
import collections
import glob
import gzip
import lzma
import os
import pathlib
import unicodedata
import zlib

import numpy as np

from kerassl.checks import user_path
from kerassl.data.file_bytes import FileBytes
from kerassl.data.files import files_below
from kerassl.data.foreign_files import foreign_kind
from kerassl.data.records import LINES_OF_JSON, RECORD_SUFFIXES
from kerassl.data.text_lines import mark_length
from kerassl.errors import InvalidType, InvalidValue

# What is read of a folder: files of lines; where it has none, files of records.
SUFFIXES = (".txt", ".text", ".md", *LINES_OF_JSON)
COMPRESSED = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
# Smaller files are read at once; of larger ones only what is asked for.
WHOLE_BYTES = 1 << 20
# What a compressed file may become: texts shrink to a tenth, not to a hundredth.
UNPACKED_BYTES = 1 << 28
UNPACKED_RATIO = 100
UNPACKED_TOTAL = 1 << 33
# Bytes by which the kind of a file is told.
HEAD = 4096


def find_text_files(patterns, skip=None):
    """Returns the files that paths, folders and globs name, each once.

    Args:
        patterns: A path, a glob, or a list of them.
        skip: Function of a file and a reason, called for each file of a folder
            that is left out; None where no one asks.

    Raises:
        FileNotFoundError: If one of them matches no file.
    """
    if isinstance(patterns, (str, os.PathLike)):
        patterns = [patterns]
    if not isinstance(patterns, collections.abc.Iterable):
        raise InvalidType(
            "`patterns` must be a path, a glob or a list of them. Received: "
            f"{patterns!r}"
        )
    patterns = list(patterns)
    if not patterns:
        raise InvalidValue("`patterns` must name at least one file. Received: []")
    found = {}
    for pattern in patterns:
        for path in _matching(pattern, skip or (lambda where, reason: None)):
            # One file under two names, as "a.txt" and "./a.txt", is read once.
            found.setdefault(os.path.abspath(path), path)
    return list(found.values())


def _matching(pattern, skip):
    path = _checked(pattern)
    if path.is_dir():
        return _text_files(path, skip)
    if path.is_file():
        return [path]
    if path.exists():
        raise InvalidValue(
            f"`patterns` must name regular files. Received: {str(pattern)!r}, a pipe "
            "or a device. Write its text to a file first."
        )
    matches = map(pathlib.Path, sorted(glob.glob(str(path), recursive=True)))
    files = [match for match in matches if match.is_file()]
    if not files:
        raise FileNotFoundError(
            f"No file matches {str(pattern)!r} (looked from {pathlib.Path.cwd()})."
        )
    return files


def _checked(pattern):
    if not isinstance(pattern, (str, os.PathLike)):
        raise InvalidType(
            "`patterns` must hold paths or globs, strings or `pathlib.Path`. "
            f"Received: {pattern!r}"
        )
    return user_path(pattern, "patterns")


def _text_files(folder, skip):
    files = files_below(folder, skip)
    for suffixes in (SUFFIXES, RECORD_SUFFIXES):
        texts = [path for path in files if plain_suffix(path) in suffixes]
        if texts:
            break
    else:
        raise FileNotFoundError(
            f"No text files in {folder} ({', '.join((*SUFFIXES, *RECORD_SUFFIXES))}, "
            f"also with {', '.join(COMPRESSED)}); found {count_suffixes(folder)}."
        )
    chosen = set(texts)
    for path in files:
        if path not in chosen:
            suffix = path.suffix.lower()
            skip(path, f"a {suffix} file, not read" if suffix else NAMELESS)
    return texts


NAMELESS = "a file without suffix, not read"


def plain_suffix(path):
    """Returns the lower-case suffix of a file, that of its content if compressed.

    Example:
        >>> plain_suffix(pathlib.Path("corpus.JSONL.gz"))
        '.jsonl'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def is_text_file(path):
    """Tells by its name whether a file holds text, compressed or not."""
    return plain_suffix(path) in (*SUFFIXES, *RECORD_SUFFIXES)


def count_suffixes(folder, limit=3):
    """Returns words such as "12 .txt files, 3 .csv files" for a folder."""
    counts = collections.Counter(
        path.suffix.lower() or "nameless-type" for path in files_below(folder)
    )
    parts = [
        f"{count} {suffix} file{'s' if count > 1 else ''}"
        for suffix, count in counts.most_common(limit)
    ]
    return ", ".join(parts) or "no file at all"


def open_bytes(path, unpacked=0):
    """Returns the bytes of a file, decompressed.

    Args:
        path: A `pathlib.Path`.
        unpacked: Bytes that are held decompressed already.

    Returns:
        A uint8 array, or a `FileBytes` of a large plain file.

    Raises:
        OSError: If it cannot be read, or grows beyond all measure.
    """
    opener = COMPRESSED.get(path.suffix.lower())
    try:
        if opener:
            return _unpacked(path, opener, unpacked)
        if path.stat().st_size > WHOLE_BYTES:
            return FileBytes(path)
        return np.fromfile(path, np.uint8)
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(f"{path} cannot be decompressed: {error}") from error
    except OSError as error:
        if path.suffix.lower() == ".bz2" and error.errno is None:
            raise OSError(f"{path} cannot be decompressed: {error}") from error
        raise type(error)(f"{path} cannot be read: {error}") from error


def _unpacked(path, opener, held):
    content, packed = bytearray(), path.stat().st_size
    with opener(path) as file:
        while part := file.read(1 << 20):
            content += part
            ratio = len(content) > max(UNPACKED_BYTES, UNPACKED_RATIO * packed)
            if ratio or held + len(content) > UNPACKED_TOTAL:
                size = held + len(content)
                raise OSError(
                    f"its {packed:,} bytes become more than "
                    f"{len(content) if ratio else size:,}, which are held in memory. "
                    "Unpack it to a plain file, which is read piece by piece."
                )
    return np.frombuffer(content, np.uint8)


def open_text(path, unpacked=0):
    """Returns the bytes of a text file as UTF-8, and what was found on the way.

    Args:
        path: A `pathlib.Path`.
        unpacked: As for `open_bytes`.

    Returns:
        The bytes, as `open_bytes` gives them; the encoding that they were in where
        it was not UTF-8, else None; and why they are no text, or None.

    Raises:
        OSError: As `open_bytes`.
    """
    buffer = open_bytes(path, unpacked)
    head = buffer[:HEAD].tobytes()
    encoding = wide_encoding(head)
    if encoding is None:
        reason = foreign_kind(plain_suffix(path), head)
    else:
        try:
            buffer, reason = as_utf8(buffer, encoding), None
        except UnicodeError as error:
            encoding, reason = None, f"not {encoding.upper()}: {error}"
    if len(buffer) == mark_length(buffer):
        reason = "empty"
    return buffer, encoding, reason


# Longer marks first: that of UTF-32 begins like that of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def wide_encoding(head):
    """Returns the encoding of a text in UTF-16 or UTF-32, else None.

    Without a mark it is told by its zero bytes, every other one in the letters
    of Europe.

    Args:
        head: The first bytes of a file.

    Example:
        >>> wide_encoding("no mark".encode("utf-16-be"))
        'utf-16-be'
    """
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    head = head[: len(head) // 4 * 4]
    if b"\0" not in head:
        return None
    zeros = np.frombuffer(head, np.uint8) == 0
    shares = zeros.reshape(-1, 4).mean(0)
    for encoding, zero, other in (
        ("utf-32-le", [2, 3], [0]),
        ("utf-32-be", [0, 1], [3]),
        ("utf-16-le", [1, 3], [0, 2]),
        ("utf-16-be", [0, 2], [1, 3]),
    ):
        if shares[zero].min() > 0.4 and shares[other].max() < 0.1:
            return encoding if _is_written(head, encoding) else None
    return None


def _is_written(head, encoding):
    """Tells whether bytes are text in an encoding, without control characters."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return all(unicodedata.category(c) != "Cc" or c.isspace() for c in text)


def as_utf8(buffer, encoding):
    """Returns the bytes of a text in UTF-16 or UTF-32 as UTF-8.

    Raises:
        UnicodeError: If they are not of the encoding.
    """
    return np.frombuffer(buffer[:].tobytes().decode(encoding).encode(), np.uint8)
