"""What every data source offers: random access by position, in graph."""

import collections
import dataclasses
import re

import numpy as np

from kerassl.data.files import files_below
from kerassl.errors import InvalidValue

# Examples looked at before training, where they are not in memory.
FIRST_EXAMPLES = 8
# Examples in memory are looked at so many bytes at a time.
CHUNK_BYTES = 1 << 26
# What labels may be, as messages call it.
LABEL_KINDS = {
    "classes": "a class of each example",
    "tags": "a tag of each word",
}


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A record that a source left out.

    Attributes:
        where: The file, and the line where there is one.
        reason: What is wrong with the record.
    """

    where: str
    reason: str


class Source:
    """Examples that can be read at any position, a batch at a time.

    A subclass sets `labels` and `class_names` where it knows them, calls `skip`
    for each record that it leaves out and `note` for what its user should know,
    and writes `__len__` and `fetch`. Random access is what makes the n-th batch
    of a run a function of (seed, n) without a shuffle buffer.

    A source of files says which it reads, so that `as_source` finds it by a path:
    in `modality` and `suffixes`, and where that is not enough in `recognises`,
    `argument` and `fitted_options`.

    Attributes:
        modality: What its examples are, a key of `kerassl.modalities.MODALITIES`,
            or None where only they themselves tell.
        suffixes: Of the names of files that it reads, in lower case.
        labels: NumPy array with one label for each example, in their order, or None.
        label_kind: What the labels are, a key of `LABEL_KINDS`: "classes" are
            integers, an array of shape (len(source),); "tags" an object array of
            `kerassl.data.TaggedWords`, sequences as long as the sentence.
        class_names: Tuple of names, one per label value, or None.
        skipped: List of `Skipped`, the first records that were left out.
        num_skipped: How many records were left out in all.
        skipped_by_reason: How many for each reason, a `collections.Counter`.
        notes: List of sentences on how the data were read, such as why a folder
            has no labels.
        test: A `Source` of the examples that the data's own layout keeps apart to
            test on, such as a folder `test` beside `train`, or None.
        sequential: True when `fetch` can only be called with rising
            positions, as over a `tf.data.Dataset`; such a source is read in
            its own order.
        unit: What an example is called in messages, in the plural.
        quantities: Dict of what the numbers of an example are measured in, such as
            {"sample_rate": 16000}. A pretext layer with an argument of that name must
            have the same value.
        bytes_in_memory: Size of the examples where all are in memory, else None.
    """

    modality: str | None = None
    suffixes: tuple[str, ...] = ()
    labels = None
    label_kind = "classes"
    class_names = None
    sequential = False
    test = None
    unit = "examples"
    bytes_in_memory = None

    def __init__(self):
        self.skipped = []
        self.num_skipped = 0
        self.skipped_by_reason = collections.Counter()
        self.notes = []
        self.quantities = {}

    @classmethod
    def recognises(cls, paths):
        """Tells whether what lies at some paths is for this source to read.

        By default that is so where they are, or hold, a file of its `suffixes`.

        Args:
            paths: List of `pathlib.Path`, files and folders that exist.
        """
        files = (
            file
            for path in paths
            for file in (files_below(path) if path.is_dir() else [path])
        )
        return any(cls.reads(file) for file in files)

    @classmethod
    def reads(cls, file):
        """Tells whether a file is one that this source reads, by its name."""
        return file.suffix.lower() in cls.suffixes

    @classmethod
    def argument(cls, paths):
        """Returns what the constructor takes for some paths.

        By default that is one folder.

        Args:
            paths: List of `pathlib.Path`.

        Raises:
            ValueError: If it cannot read them.
        """
        if len(paths) == 1 and not paths[0].is_file():
            return paths[0]
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        raise InvalidValue(
            f"{cls.__name__} reads a folder, such as {str(paths[0].parent)!r}. "
            f"Received: {str(paths[0])!r}{more}"
        )

    @classmethod
    def fitted_options(cls, sections):
        """Returns options with which examples fit a preset's encoder.

        Args:
            sections: The sections of the preset, such as "encoder" and "pretext".
        """
        return {}

    # Details of more bad records than this are not kept, only their number.
    MAX_DETAILS = 100

    def skip(self, where, reason):
        """Notes that a record was left out.

        Args:
            where: The file, and the line where there is one.
            reason: What is wrong with it. Counts by reason go by the words before
                a colon or a bracket: those after it are of this record alone.
        """
        self.num_skipped += 1
        self.skipped_by_reason[re.split(r"[:(]", reason, maxsplit=1)[0].strip()] += 1
        if len(self.skipped) < self.MAX_DETAILS:
            self.skipped.append(Skipped(printable(where), reason))

    def note(self, sentence):
        """Notes what the user should know of how the data were read, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def fingerprints(self):
        """Returns {file: digest of its content}, or None where there are no files.

        By these a run that goes on tells which file has changed meanwhile.
        """
        return None

    def __len__(self):
        raise NotImplementedError

    def fetch(self, indices):
        """Returns the examples at `indices`, in graph.

        Args:
            indices: int64 tensor of shape (batch,), each in [0, len(self)).

        Returns:
            A tensor, or a structure of tensors, with the batch first.
        """
        raise NotImplementedError

    def names(self, positions):
        """Returns what examples are called, a string each: their positions by default.

        Args:
            positions: Integers, each in [0, len(self)).
        """
        return [str(int(position)) for position in positions]

    def at_hand(self):
        """Yields batches of the examples that are looked at before training.

        These are all that are in memory, and of the others the first few.
        """
        count, rows = len(self), FIRST_EXAMPLES
        if self.bytes_in_memory is None:
            count = min(count, FIRST_EXAMPLES)
        else:
            rows = max(1, CHUNK_BYTES * count // max(1, self.bytes_in_memory))
        for start in range(0, count, rows):
            yield self.fetch(np.arange(start, min(start + rows, count)))

    def describe(self):
        """Returns a JSON-ready dict for the report of a run."""
        return {
            "kind": type(self).__name__,
            "examples": len(self),
            "skipped": self.num_skipped,
            "skipped_by_reason": dict(self.skipped_by_reason.most_common()),
            "skipped_first": [dataclasses.asdict(s) for s in self.skipped[:10]],
            "notes": list(self.notes),
        }


def printable(name):
    """Returns a file's name as a line of a report shows it.

    It need not be UTF-8, and may hold line ends or control characters.

    Example:
        >>> printable("two\\nlines")
        'two\\\\nlines'
    """
    text = str(name).encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
