"""Text files as a source: plain, compressed or JSON lines."""

import codecs
import collections
import glob
import gzip
import json
import lzma
import pathlib

import numpy as np

from kerassl.data.files import files_below
from kerassl.data.source import Source
from kerassl.errors import InvalidValue

SUFFIXES = (".txt", ".text", ".md", ".jsonl")
COMPRESSED = {".gz": gzip.open, ".xz": lzma.open}
UNITS = ("line", "file")
# What records call their text where nothing else is said.
TEXT_FIELD = "text"
# Bytes searched for line ends and checked as UTF-8 at a time.
BLOCK_BYTES = 1 << 24
# Smaller files are read; larger ones are mapped, which costs a file handle.
MAPPED_BYTES = 1 << 20
MAPPED_FILES = 200
NEWLINE = 10
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# 1 where the byte is not white space (blank, tab, line ends, form feeds).
_VISIBLE = np.ones(256, np.uint8)
_VISIBLE[[9, 10, 11, 12, 13, 32]] = 0
# 1 where the byte begins a character of UTF-8.
_CHARACTER = ((np.arange(256) & 0xC0) != 0x80).astype(np.uint8)


class TextSource(Source):
    """Documents in text files, one a line or one a file.

    Only the byte offsets of documents are kept (16 bytes each). Large plain
    files are mapped, compressed ones are held decompressed. Empty documents,
    documents that are not UTF-8 and unusable JSON lines are left out, counted
    in `num_skipped` and named in `skipped`.

    When one folder is given whose text files all lie in two or more
    subfolders, these are the classes: `labels` and `class_names` are set.

    Args:
        patterns: A file, a folder (searched recursively for `.txt`, `.text`,
            `.md`, `.jsonl`, each also with `.gz` or `.xz`; links are followed,
            what is hidden is left out), a glob such as `"corpus/**/*.txt"`, or
            a list of these.
        field: Name of the text in each record of `.jsonl` files; None for
            `text`, where the first record has it.
        label_field: Name of the label in each record of `.jsonl` files, a
            string or an integer.
        unit: `"line"`: a line is a document; `"file"`: a file is one.
        min_length: Documents of fewer characters are left out.

    Raises:
        FileNotFoundError: If nothing matches, or a folder has no text files.
        OSError: If a file cannot be read or decompressed.
        ValueError: If no document can be used, or an option is invalid.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "poem.txt")
        >>> _ = path.write_text("first line\\n\\nsecond line\\n")
        >>> source = TextSource(path)
        >>> len(source), source.num_skipped
        (2, 1)
    """

    def __init__(
        self, patterns, field=None, *, label_field=None, unit="line", min_length=1
    ):
        super().__init__()
        if unit not in UNITS:
            raise InvalidValue(f"`unit` must be one of {UNITS}. Received: {unit!r}")
        self.field, self.label_field, self.unit = field, label_field, unit
        self.min_length = min_length
        self.paths = find_text_files(patterns)
        self._buffers = []
        self._json = []
        self._bytes = 0
        spans, raw_labels = [], []
        for path in self.paths:
            buffer = self._open(path)
            found, values = self._documents(path, buffer)
            self._buffers.append(buffer)
            spans.append(found)
            raw_labels.append(values)
        counts = [len(found) for found in spans]
        self._first = np.concatenate([[0], np.cumsum(counts)])  # of each file
        self._spans = np.concatenate(spans)  # (documents, [start, end])
        if len(self._spans) == 0:
            first = "".join(f"; {s.where}: {s.reason}" for s in self.skipped[:3])
            raise InvalidValue(
                f"No document can be used in {_shown(patterns)}: {self.num_skipped} "
                f"were left out{first}"
            )
        self._set_labels(patterns, raw_labels, counts)

    def __len__(self):
        return len(self._spans)

    def fetch(self, indices):
        import tensorflow as tf

        indices = tf.convert_to_tensor(indices, tf.int64)
        texts = tf.numpy_function(self._read, [indices], tf.string, stateful=False)
        texts.set_shape(indices.shape)
        return texts

    def describe(self):
        return {
            **super().describe(),
            "files": len(self.paths),
            "first_files": [str(path) for path in self.paths[:10]],
            "bytes": self._bytes,
            "unit": self.unit,
        }

    def _read(self, indices):
        """Returns an object array of the UTF-8 bytes of documents."""
        files = np.searchsorted(self._first, indices, side="right") - 1
        texts = np.empty(len(indices), object)
        for i, (file, (start, end)) in enumerate(
            zip(files, self._spans[indices], strict=True)
        ):
            text = self._buffers[file][start:end].tobytes()
            if self._json[file]:
                text = json.loads(text)[self.field].encode("utf-8", "replace")
            texts[i] = text.strip()
        return texts

    def _open(self, path):
        """Returns the bytes of a file as a uint8 array."""
        opener = COMPRESSED.get(path.suffix.lower())
        self._json.append(".jsonl" in path.suffixes[-2:])
        try:
            if opener:
                with opener(path) as file:
                    buffer = np.frombuffer(file.read(), np.uint8)
            elif path.stat().st_size > MAPPED_BYTES and (
                sum(isinstance(b, np.memmap) for b in self._buffers) < MAPPED_FILES
            ):
                buffer = np.memmap(path, np.uint8, mode="r")
            else:
                buffer = np.fromfile(path, np.uint8)
        except (EOFError, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise OSError(f"{path} cannot be decompressed: {error}") from error
        except OSError as error:
            raise type(error)(f"{path} cannot be read: {error}") from error
        self._bytes += len(buffer)
        return buffer

    def _documents(self, path, buffer):
        """Returns the (start, end) of usable documents and their labels."""
        is_json = self._json[-1]
        if is_json and self.field is None:
            fields = _first_fields(buffer)
            if TEXT_FIELD not in fields:
                raise InvalidValue(
                    f"`field` must name the text in the records of {path}. Its first "
                    f"record has the fields {fields}. At the command line, `kerassl "
                    "prepare --field` makes shards of it."
                )
            self.field = TEXT_FIELD
        if buffer[:2].tobytes() in UTF16_MARKS:
            self.skip(path, "UTF-16, expected UTF-8")
            blocks = []
        elif self.unit == "file" and not is_json:
            blocks = [np.array([[_mark(buffer), len(buffer)]], np.int64)]
        else:
            blocks = _line_blocks(buffer)
        kept, labels, number = [np.empty((0, 2), np.int64)], [], 0
        for spans in blocks:
            reasons = _reasons(buffer, spans, self.min_length)
            if is_json:
                labels += self._parse_json(buffer, spans, reasons)
            for line in sorted(reasons):
                where = f"{path}:{number + line + 1}"
                self.skip(path if self.unit == "file" else where, reasons[line])
            bad = np.fromiter(reasons, np.int64, len(reasons))
            kept.append(np.delete(spans, bad, axis=0))
            number += len(spans)
        return np.concatenate(kept), labels

    def _parse_json(self, buffer, spans, reasons):
        """Adds unusable records to `reasons`; returns labels of the others."""
        labels = []
        for line, (start, end) in enumerate(spans):
            if line in reasons:
                continue
            reason, label = self._check_record(buffer[start:end].tobytes())
            if reason:
                reasons[line] = reason
            else:
                labels.append(label)
        return labels

    def _check_record(self, text):
        try:
            record = json.loads(text)
        except ValueError as error:
            return f"not JSON: {error}", None
        if not isinstance(record, dict):
            return f"a JSON {type(record).__name__}, not an object", None
        value = record.get(self.field)
        if not isinstance(value, str):
            fields = sorted(record)
            return f"no text in field {self.field!r}; it has {fields}", None
        if not value.strip():
            return "empty", None
        if len(value) < self.min_length:
            return f"shorter than {self.min_length} characters", None
        label = record.get(self.label_field) if self.label_field else None
        if self.label_field and not isinstance(label, (str, int)):
            return f"no label in field {self.label_field!r}", None
        return None, label

    def _set_labels(self, patterns, raw_labels, counts):
        if self.label_field:
            raw = [value for values in raw_labels for value in values]
            if len(raw) != len(self):
                raise InvalidValue(
                    "`label_field` needs every file to be .jsonl. Received: "
                    f"{_shown(patterns)}"
                )
            names = sorted(set(raw), key=lambda name: (isinstance(name, str), name))
        else:
            folders = _class_folders(patterns, self.paths)
            if folders is None:
                return
            raw = np.repeat(folders, counts)
            names = sorted(set(raw))
        number = {name: i for i, name in enumerate(names)}
        self.labels = np.array([number[value] for value in raw], np.int64)
        self.class_names = tuple(str(name) for name in names)


def find_text_files(patterns):
    """Returns the sorted files that paths, folders and globs name.

    Args:
        patterns: A path, a glob, or a list of them.

    Raises:
        FileNotFoundError: If one of them matches no file.
    """
    if isinstance(patterns, (str, pathlib.PurePath)):
        patterns = [patterns]
    patterns = list(patterns)
    if not patterns:
        raise InvalidValue("`patterns` must name at least one file. Received: []")
    found = {}
    for pattern in patterns:
        path = pathlib.Path(pattern).expanduser()
        if path.is_dir():
            files = _text_files(path)
        elif path.is_file():
            files = [path]
        else:
            matches = sorted(glob.glob(str(path), recursive=True))
            files = [pathlib.Path(m) for m in matches if pathlib.Path(m).is_file()]
        if not files:
            raise FileNotFoundError(
                f"No file matches {str(pattern)!r} (looked from {pathlib.Path.cwd()})."
            )
        found.update(dict.fromkeys(files))
    return list(found)


def is_text_file(path):
    """Tells by its name whether a file holds text, compressed or not."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in SUFFIXES


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


def _text_files(folder):
    files = [path for path in files_below(folder) if is_text_file(path)]
    if not files:
        raise FileNotFoundError(
            f"No text files in {folder} ({', '.join(SUFFIXES)}, also with .gz or "
            f".xz); found {count_suffixes(folder)}."
        )
    return files


def _class_folders(patterns, paths):
    """Returns each file's class folder, or None when there are no classes."""
    if isinstance(patterns, (list, tuple)):
        if len(patterns) != 1:
            return None
        patterns = patterns[0]
    root = pathlib.Path(patterns).expanduser()
    if not root.is_dir():
        return None
    parts = [path.relative_to(root).parts for path in paths]
    folders = [part[0] for part in parts]
    if min(map(len, parts)) < 2 or len(set(folders)) < 2:
        return None
    return folders


def _shown(patterns):
    if isinstance(patterns, (list, tuple)):
        patterns = ", ".join(map(str, patterns))
    text = str(patterns)
    return text if len(text) < 200 else f"{text[:200]}..."


def _first_fields(buffer):
    try:
        record = json.loads(buffer[:BLOCK_BYTES].tobytes().split(b"\n", 1)[0])
    except ValueError:
        return "(not JSON)"
    return sorted(record) if isinstance(record, dict) else "(not an object)"


def _mark(buffer):
    """Returns the length of the byte order mark that some editors write."""
    return 3 if buffer[:3].tobytes() == codecs.BOM_UTF8 else 0


def _line_blocks(buffer):
    """Yields (lines, [start, end]) offsets, a block of whole lines at a time."""
    begin = _mark(buffer)
    while begin < len(buffer):
        stop = min(begin + BLOCK_BYTES, len(buffer))
        ends = _newlines(buffer, begin, stop)
        while not len(ends) and stop < len(buffer):  # a line longer than a block
            stop = min(2 * stop - begin, len(buffer))
            ends = _newlines(buffer, begin, stop)
        if stop == len(buffer) and (not len(ends) or ends[-1] != stop - 1):
            ends = np.append(ends, stop)  # the last line lacks its newline
        starts = np.concatenate([[begin], ends[:-1] + 1])
        begin = int(ends[-1]) + 1
        yield np.stack([starts, ends], axis=1)


def _newlines(buffer, begin, stop):
    return np.flatnonzero(np.asarray(buffer[begin:stop]) == NEWLINE) + begin


def _reasons(buffer, spans, min_length):
    """Returns {row of spans: why that document cannot be used}."""
    begin, stop = int(spans[0, 0]), int(spans[-1, 1])
    block = np.asarray(buffer[begin:stop])
    if len(block) == 0:
        return {0: "empty"}
    # reduceat wants offsets inside the block: an empty last line is set apart.
    starts = np.minimum(spans[:, 0] - begin, len(block) - 1)
    empty = np.maximum.reduceat(_VISIBLE[block], starts) == 0
    empty |= spans[:, 0] == spans[:, 1]
    reasons = dict.fromkeys(np.flatnonzero(empty).tolist(), "empty")
    if min_length > 1:
        lengths = np.add.reduceat(_CHARACTER[block], starts, dtype=np.int64)
        lengths -= np.append(np.ones(len(spans) - 1, np.int64), 0)  # newlines
        for line in np.flatnonzero(lengths < min_length).tolist():
            reasons.setdefault(line, f"shorter than {min_length} characters")
    for line, reason in _not_utf8(memoryview(block), spans - begin, 0, len(spans)):
        reasons[line] = reason
    return reasons


def _not_utf8(view, spans, first, last):
    """Yields (line, reason), halving the lines until the bad ones are found."""
    try:
        str(view[spans[first, 0] : spans[last - 1, 1]], "utf-8")
    except UnicodeDecodeError as error:
        if last - first == 1:
            byte = error.object[error.start]
            yield first, f"not UTF-8 (byte 0x{byte:02x} at offset {error.start})"
            return
        middle = (first + last) // 2
        yield from _not_utf8(view, spans, first, middle)
        yield from _not_utf8(view, spans, middle, last)
