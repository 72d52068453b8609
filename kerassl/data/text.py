"""Text files as a source: plain or compressed, lines, records or whole files."""

import collections
import json
import os
import pathlib

import numpy as np

from kerassl.checks import check_integer
from kerassl.data.class_folders import (
    classes_of,
    folder_of,
    read_test,
    set_classes,
    set_labels,
    training_part,
)
from kerassl.data.file_bytes import FileBytes
from kerassl.data.files import combined_fingerprint, fingerprint_files
from kerassl.data.records import (
    LINES_OF_JSON,
    RECORD_SUFFIXES,
    RecordReader,
)
from kerassl.data.source import Source
from kerassl.data.table_splits import table_to_test, tables_to_train
from kerassl.data.text_files import (
    SUFFIXES,
    find_text_files,
    open_text,
    plain_suffix,
)
from kerassl.data.text_files import count_suffixes as count_suffixes
from kerassl.data.text_files import is_text_file as is_text_file
from kerassl.data.text_lines import (
    CARRIAGE_RETURN,
    line_blocks,
    line_end,
    mark_length,
    unusable,
)
from kerassl.errors import InvalidValue

UNITS = ("line", "file")
NO_SPANS = np.empty((0, 2), np.int64)


class TextSource(Source):
    """Documents in text files: one a line, one a file, or one a record.

    Of lines only the byte offsets are kept (16 bytes each), and of large plain
    files only what is asked for is read. Compressed files and records of tables
    are held in memory. Empty documents (also those of Unicode white space or
    characters of no width alone), documents that are not UTF-8 or hold NUL bytes,
    and unusable records are left out, counted in `num_skipped` and named in
    `skipped`; so are files that hold no text, such as HTML, PDF or images.

    A line ends with a line feed, or with a carriage return in a file that has no
    line feed. UTF-16 and UTF-32 are recognised and read.

    When one folder is given whose text files lie in two or more subfolders, these
    are the classes: `labels` and `class_names` are set. Where the subfolders are
    called `train`, `val` and `test`, or alike, the documents are those of `train`,
    and those of `test`, or else of `val`, are the source's `test`. So it is with
    tables, such as `train.csv` beside `test.csv`. `notes` says what was found.

    Args:
        patterns: A file, a folder (searched recursively for `.txt`, `.text`,
            `.md`, `.jsonl`, `.ndjson`, or, where there is none, for `.csv`,
            `.tsv`, `.json`, `.parquet`; each but the last also with `.gz`, `.xz`
            or `.bz2`; links are followed, what is hidden is left out), a glob
            such as `"corpus/**/*.txt"`, or a list of these. A `.csv` has a
            header line; so has a `.tsv`, in which quotes mean nothing; a `.json`
            is a list of records or of strings, or JSON lines; `.parquet` needs
            `pip install 'kerassl[parquet]'`. A file of any other name is read
            as lines.
        field: Name of the text in each record; None for `text`, where the
            first record has it.
        label_field: Name of the label in each record, a string or an integer.
        unit: `"line"`: a line is a document; `"file"`: a file is one. A record
            is always one.
        min_length: Documents of fewer characters are left out.
        separator: The character between the cells of a `.csv` or `.tsv`; None for a
            tab in a `.tsv`, and else for whichever of comma, semicolon and tab is
            most frequent in the header.

    Raises:
        FileNotFoundError: If nothing matches, or a folder has no text files.
        OSError: If a file cannot be read or decompressed; while examples are
            fetched, if one has changed since.
        ValueError: If no document can be used, or an option is invalid.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "poem.txt")
        >>> _ = path.write_text("first line\\n\\nsecond line\\n")
        >>> source = TextSource(path)
        >>> len(source), source.num_skipped
        (2, 1)
    """

    modality = "text"
    suffixes = (*SUFFIXES, *RECORD_SUFFIXES)
    unit = "documents"

    @classmethod
    def reads(cls, file):
        """Tells whether a file is one of text, by its name."""
        return is_text_file(file)

    @classmethod
    def argument(cls, paths):
        """Returns a folder, or a list of paths."""
        return paths[0] if len(paths) == 1 and paths[0].is_dir() else paths

    def __init__(
        self,
        patterns,
        field=None,
        *,
        label_field=None,
        unit="line",
        min_length=1,
        separator=None,
    ):
        super().__init__()
        if unit not in UNITS:
            raise InvalidValue(f"`unit` must be one of {UNITS}. Received: {unit!r}")
        check_integer("min_length", min_length, least=0)
        self.label_field, self._document = label_field, unit
        self.min_length = min_length
        self._records = RecordReader(field, label_field, min_length, separator)
        paths = find_text_files(patterns, self.skip)
        self.paths, classes, test = self._layout(folder_of(patterns), paths)
        self._buffers, self._json, self._fingerprints = [], [], None
        self._bytes = self._held = 0
        self._remarks = collections.Counter()
        spans, raw_labels = [], []
        for path in self.paths:
            buffer, found, values, is_json = self._read_file(path)
            self._buffers.append(buffer)
            self._json.append(is_json)
            spans.append(found)
            raw_labels.append(values)
        for remark, count in self._remarks.items():
            self.note(f"{count} file{'s' if count > 1 else ''} {remark}")
        counts = [len(found) for found in spans]
        self._first = np.concatenate([[0], np.cumsum(counts)])  # of each file
        self._spans = np.concatenate(spans)  # (documents, [start, end])
        if len(self._spans) == 0:
            first = "".join(f"; {s.where}: {s.reason}" for s in self.skipped[:3])
            raise InvalidValue(
                f"No document can be used in {_shown(patterns)}: {self.num_skipped} "
                f"were left out{first}"
            )
        self._set_labels(patterns, raw_labels, classes, counts)
        if test is not None:
            options = {"label_field": label_field, "separator": separator}
            options |= {"unit": unit, "min_length": min_length}
            read_test(self, lambda: TextSource(test, field, **options))

    @property
    def field(self):
        """Name of the text in each record, or None where there are none."""
        return self._records.field

    def __len__(self):
        return len(self._spans)

    def fetch(self, indices):
        import tensorflow as tf

        indices = tf.convert_to_tensor(indices, tf.int64)
        texts = tf.numpy_function(self._read, [indices], tf.string, stateful=False)
        texts.set_shape(indices.shape)
        return texts

    def fingerprints(self):
        if self._fingerprints is None:
            paths = [*self.paths, *(self.test.paths if self.test else ())]
            paths = [path.absolute() for path in paths]
            root = os.path.commonpath([path.parent for path in paths])
            self._fingerprints = fingerprint_files(paths, pathlib.Path(root))
        return self._fingerprints

    def describe(self):
        first = [str(path).encode("utf-8", "replace") for path in self.paths[:10]]
        return {
            **super().describe(),
            "files": len(self.paths),
            "first_files": [path.decode() for path in first],
            "bytes": self._bytes,
            "unit": self._document,
            "digest": combined_fingerprint(self.fingerprints()),
        }

    def _read(self, indices):
        """Returns an object array of the UTF-8 bytes of documents."""
        files = np.searchsorted(self._first, indices, side="right") - 1
        spans = self._spans[indices]
        texts = np.empty(len(indices), object)
        of_disk = collections.defaultdict(list)
        for i, file in enumerate(files):
            if isinstance(self._buffers[file], FileBytes):
                of_disk[file].append(i)
            else:
                start, end = spans[i]
                texts[i] = self._buffers[file][start:end].tobytes()
        for file, rows in of_disk.items():  # each is opened once
            for i, text in zip(
                rows, self._buffers[file].read(spans[rows]), strict=True
            ):
                texts[i] = text
        for i, file in enumerate(files):
            if self._json[file]:
                texts[i] = json.loads(texts[i])[self.field].encode()
            texts[i] = texts[i].strip()
        return texts

    def _read_file(self, path):
        """Returns (buffer, [start, end] of documents, labels, whether of JSON)."""
        suffix = plain_suffix(path)
        if suffix == ".parquet":
            return self._read_records(suffix, path, None)
        buffer, encoding, reason = open_text(path, self._held)
        if not isinstance(buffer, FileBytes):
            self._held += len(buffer)
        if encoding:
            self._remarks[f"read as {encoding.upper()}"] += 1
        if reason:
            self.skip(path, reason)
            return np.empty(0, np.uint8), NO_SPANS, [], False
        if suffix == ".json" and self._is_lines_of_json(buffer):
            suffix = ".jsonl"
        if suffix in RECORD_SUFFIXES:
            return self._read_records(suffix, path, buffer[:].tobytes())
        self._bytes += len(buffer)
        is_json = suffix in LINES_OF_JSON
        return buffer, *self._documents(path, buffer, is_json), is_json

    def _read_records(self, suffix, path, content):
        """Returns the same, with the texts of records one after the other."""
        texts, labels, record = [], [], None
        for record in self._records.read(suffix, path, content):
            if record.reason:
                self.skip(f"{path}{record.where}", record.reason)
            else:
                texts.append(record.text.encode())
                labels.append(record.label)
        if record is None:
            self.skip(path, "empty")
        buffer = np.frombuffer(b"".join(texts), np.uint8)
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        starts = np.concatenate([[0], ends[:-1]]) if texts else ends
        self._bytes += len(buffer)
        return buffer, np.stack([starts, ends], axis=1).astype(np.int64), labels, False

    def _is_lines_of_json(self, buffer):
        """Tells whether more follows the object in the first line of a file."""
        first = next(self._lines(buffer), b"")
        try:
            return isinstance(self._records.parse(first), dict) and (
                len(first.strip()) < len(buffer[:].tobytes().strip())
            )
        except ValueError:
            return False

    def _lines(self, buffer):
        for spans in line_blocks(buffer):
            for start, end in spans:
                if line := buffer[start:end].tobytes().strip():
                    yield line

    def _documents(self, path, buffer, is_json):
        """Returns the (start, end) of usable documents and their labels."""
        if is_json and self.field is None:
            self._records.settle_field(path, self._first_fields(buffer))
        end = line_end(buffer)
        if self._document == "file" and not is_json:
            blocks = [np.array([[mark_length(buffer), len(buffer)]], np.int64)]
        else:
            blocks = line_blocks(buffer, end)
            if end == CARRIAGE_RETURN:
                self._remarks["with carriage returns as line ends"] += 1
        kept, labels, number = [NO_SPANS], [], 0
        for spans in blocks:
            reasons = unusable(buffer, spans, self.min_length)
            if is_json:
                labels += self._parse_json(buffer, spans, reasons)
            for line in sorted(reasons):
                where = f"{path}:{number + line + 1}"
                self.skip(path if self._document == "file" else where, reasons[line])
            bad = np.fromiter(reasons, np.int64, len(reasons))
            kept.append(np.delete(spans, bad, axis=0))
            number += len(spans)
        return np.concatenate(kept), labels

    def _first_fields(self, buffer):
        """Returns the fields of the first line that is a record."""
        for line in self._lines(buffer):
            try:
                record = self._records.parse(line)
            except ValueError:
                continue
            return sorted(record) if isinstance(record, dict) else ["(not an object)"]
        return ["(not JSON)"]

    def _parse_json(self, buffer, spans, reasons):
        """Adds unusable records to `reasons`; returns labels of the others."""
        labels = []
        for line, (start, end) in enumerate(spans):
            if line in reasons:
                continue
            try:
                record = self._records.parse(buffer[start:end].tobytes())
            except ValueError as error:
                reasons[line] = f"not JSON: {error}"
                continue
            reason, _, label = self._records.check(record)
            if isinstance(record, str):
                reason = "a JSON str, not an object"
            if reason:
                reasons[line] = reason
            else:
                labels.append(label)
        return labels

    def _layout(self, folder, paths):
        """Returns the paths to read, each one's class or None, and those to test on."""
        if folder is None:
            return paths, None, table_to_test(paths, self)
        root, paths, test = training_part(folder, paths, self)
        if test is None:
            paths, test = tables_to_train(paths, self)
        if self.label_field:
            return paths, None, test
        return *classes_of(root, paths, self), test

    def _set_labels(self, patterns, raw_labels, classes, counts):
        if not self.label_field:
            set_classes(self, classes, counts)
            return
        raw = [value for values in raw_labels for value in values]
        if len(raw) != len(self):
            raise InvalidValue(
                "`label_field` needs every file to hold records. Received: "
                f"{_shown(patterns)}"
            )
        set_labels(self, raw)


def _shown(patterns):
    if isinstance(patterns, (list, tuple)):
        patterns = ", ".join(map(str, patterns))
    text = str(patterns)
    return text if len(text) < 200 else f"{text[:200]}..."
