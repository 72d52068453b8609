"""Sentences whose words are tagged, from files of two columns."""

import os
import pathlib
import typing

import numpy as np

from kerassl.data.files import files_below, fingerprint_files
from kerassl.data.source import Source, printable
from kerassl.data.tags import as_bio
from kerassl.data.text_files import (
    find_text_files,
    is_text_file,
    open_bytes,
    plain_suffix,
    wide_encoding,
)
from kerassl.errors import InvalidType, InvalidValue

SUFFIXES = (".conll", ".bio", ".bioes", ".iob", ".iob2")
# What stands between documents in files of CoNLL-2003.
DOCUMENT = "-DOCSTART-"


class TaggedWords(typing.NamedTuple):
    """The label of a sentence: its words, and a tag for each.

    Attributes:
        words: Tuple of strings; with `separator` between them they are the sentence.
        tags: Tuple of as many strings, in the scheme BIO.
        separator: What stands between two words, such as " ".
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    separator: str


class TaggedText(Source):
    """Sentences from files with a line for each word, its tag in the last column.

    The layout of the CoNLL shared tasks: columns of a line are apart by a tab or
    blanks, the first is the word and the last its tag, and a blank line ends a
    sentence. Tags of any scheme (IOB1, BIO, BIOES, BMES, BILOU) become BIO: an `I-`
    that goes on with nothing becomes `B-`, which is counted in `notes`. A sentence
    with a line without a tag, a tag of no scheme, or bytes that are not UTF-8 is left
    out and counted.

    An example is a sentence, a string; its label are `TaggedWords`.

    Args:
        patterns: A path, a folder, a glob, or a list of them. Files may be compressed.
        separator: What stands between the words of a sentence; None for "" where most
            words are a single character, as in Chinese, and " " otherwise.
        test: The same as `patterns`, of sentences to test on; None for none.

    Raises:
        FileNotFoundError: If nothing matches.
        OSError: If a file cannot be read.
        ValueError: If no sentence can be used.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp(), "names.conll")
        >>> _ = path.write_text("Ada B-PER\\nwrote O\\n\\nshe O\\nwon\\n")
        >>> source = TaggedText(path)
        >>> source.fetch([0]).numpy()[0], source.labels[0].tags, source.num_skipped
        (b'Ada wrote', ('B-PER', 'O'), 1)

    Reference:
        Tjong Kim Sang & De Meulder, 2003, https://aclanthology.org/W03-0419
    """

    modality = "text"
    suffixes = SUFFIXES
    label_kind = "tags"
    unit = "sentences"

    @classmethod
    def reads(cls, file):
        """Tells whether a file is one of tagged words, by its name."""
        return plain_suffix(file) in SUFFIXES

    @classmethod
    def recognises(cls, paths):
        """Tells whether there are files of tagged words, and no other texts."""
        files = [
            file
            for path in paths
            for file in (files_below(path) if path.is_dir() else [path])
        ]
        return any(map(cls.reads, files)) and not any(map(is_text_file, files))

    @classmethod
    def argument(cls, paths):
        """Returns the paths: files and folders alike."""
        return paths

    def __init__(self, patterns, *, separator=None, test=None):
        super().__init__()
        import tensorflow as tf

        if not isinstance(separator, str | None):
            raise InvalidType(f"`separator` must be a string. Received: {separator!r}")
        self.paths, self._mended = _files(patterns), 0
        sentences = [s for path in self.paths for s in self._read(path)]
        if not sentences:
            first = "".join(f"; {s.where}: {s.reason}" for s in self.skipped[:3])
            raise InvalidValue(
                f"`patterns` must hold sentences with a tag for each word. Received: "
                f"{self.num_skipped} left out{first}"
            )
        if self._mended:
            self.note(
                f"{self._mended} tags I- that go on with no entity are read as the "
                "beginning of one."
            )
        if separator is None:
            separator = _separator([words for words, _ in sentences])
        self.labels = np.empty(len(sentences), object)
        for i, (words, tags) in enumerate(sentences):
            self.labels[i] = TaggedWords(words, tags, separator)
        texts = [separator.join(words).encode() for words, _ in sentences]
        self.bytes_in_memory = sum(map(len, texts))
        with tf.device("/cpu:0"):  # the input pipeline runs on the host
            self._texts = tf.constant(texts)
        self._fingerprints = None
        self.test = None if test is None else type(self)(test, separator=separator)

    def __len__(self):
        return len(self.labels)

    def fetch(self, indices):
        """Returns the sentences at `indices`, a string tensor, in graph."""
        import tensorflow as tf

        return tf.gather(self._texts, indices)

    def fingerprints(self):
        if self._fingerprints is None:
            tests = self.test.paths if self.test else []
            paths = [path.absolute() for path in [*self.paths, *tests]]
            root = os.path.commonpath([path.parent for path in paths])
            self._fingerprints = fingerprint_files(paths, pathlib.Path(root))
        return self._fingerprints

    def describe(self):
        types = {tag[2:] for label in self.labels for tag in label.tags if tag != "O"}
        return {
            **super().describe(),
            "files": len(self.paths),
            "first_files": [printable(path) for path in self.paths[:10]],
            "bytes": self.bytes_in_memory,
            "words": sum(len(label.words) for label in self.labels),
            "entity_types": sorted(types),
        }

    def _read(self, path):
        """Yields (words, tags) of the usable sentences of a file."""
        content = open_bytes(path)[:].tobytes()
        encoding = wide_encoding(content[:4096])
        if encoding:
            content = content.decode(encoding, "replace").encode()
        lines: list[bytes] = []
        for number, line in enumerate([*content.splitlines(), b""], 1):
            if line.strip():
                lines.append(line)
                continue
            if lines:
                yield from self._sentence(lines, f"{path}:{number - len(lines)}")
            lines = []

    def _sentence(self, lines, where):
        try:
            rows = [_columns(line.decode("utf-8-sig")) for line in lines]
            if rows[0][0] == DOCUMENT:
                return
            tags, mended = as_bio([tag for _, tag in rows])
        except UnicodeDecodeError:
            self.skip(where, "not UTF-8")
        except InvalidValue as error:
            self.skip(where, str(error))
        else:
            self._mended += mended
            yield tuple(word for word, _ in rows), tags


def _columns(line):
    """Returns the word and the tag of a line."""
    line = line.rstrip("\r\n")
    parts = line.split("\t") if "\t" in line else line.split()
    if len(parts) < 2 or not parts[0] or not parts[-1].strip():
        raise InvalidValue(f"a line that is no word and its tag: {line!r:.40}")
    return parts[0], parts[-1].strip()


def _separator(sentences):
    """Returns "" where most words are a single character, else a blank."""
    lengths = [len(word) for words in sentences for word in words]
    return "" if 2 * sum(length == 1 for length in lengths) > len(lengths) else " "


def _files(patterns):
    """Returns the files that paths, folders and globs name."""
    if isinstance(patterns, str | os.PathLike):
        patterns = [patterns]
    found = []
    for pattern in patterns:
        if not pathlib.Path(pattern).is_dir():
            found.append(pattern)
            continue
        inside = [path for path in files_below(pattern) if TaggedText.reads(path)]
        if not inside:
            raise FileNotFoundError(
                f"No files of tagged words in {pattern} ({', '.join(SUFFIXES)})."
            )
        found += inside
    return find_text_files(found)
