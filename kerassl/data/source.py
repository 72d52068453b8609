"""What every data source offers: random access by position, in graph."""

import dataclasses


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

    A subclass sets `labels` and `class_names` where it knows them, appends
    the records that it leaves out to `skipped`, and writes `__len__` and
    `fetch`. Random access is what makes the n-th batch of a run a function
    of (seed, n) without a shuffle buffer.

    Attributes:
        labels: Integer NumPy array of shape (len(source),), or None.
        class_names: Tuple of names, one per label value, or None.
        skipped: List of `Skipped`, the first records that were left out.
        num_skipped: How many records were left out in all.
        sequential: True when `fetch` can only be called with rising
            positions, as over a `tf.data.Dataset`; such a source is read in
            its own order.
        unit: What an example is called in messages, in the plural.
    """

    labels = None
    class_names = None
    sequential = False
    unit = "examples"

    def __init__(self):
        self.skipped = []
        self.num_skipped = 0

    # Details of more bad records than this are not kept, only their number.
    MAX_DETAILS = 100

    def skip(self, where, reason):
        """Notes that a record was left out."""
        self.num_skipped += 1
        if len(self.skipped) < self.MAX_DETAILS:
            # A file's name need not be UTF-8, a report is.
            where = str(where).encode("utf-8", "replace").decode("utf-8")
            self.skipped.append(Skipped(where, reason))

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

    def describe(self):
        """Returns a JSON-ready dict for the report of a run."""
        return {
            "kind": type(self).__name__,
            "examples": len(self),
            "skipped": self.num_skipped,
            "skipped_first": [dataclasses.asdict(s) for s in self.skipped[:10]],
        }
