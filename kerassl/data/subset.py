"""A part of another source."""

import numpy as np
import tensorflow as tf

from kerassl.data.source import Source
from kerassl.errors import InvalidType, InvalidValue


class Subset(Source):
    """Some examples of a source, in a given order.

    Args:
        source: The `Source` to take them from.
        indices: Their positions, integers of shape (n,), each in
            [0, len(source)).
        reason: A sentence for whoever is told of the data, on why it is a part.

    Raises:
        TypeError: If `indices` are no vector of integers.
        ValueError: If an index is out of range.
    """

    def __init__(self, source, indices, reason=""):
        super().__init__()
        indices = np.asarray(indices)
        if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
            raise InvalidType(
                "`indices` must be a vector of integers, positions in the source. "
                f"Received shape {indices.shape}, dtype {indices.dtype}"
            )
        indices = indices.astype(np.int64)
        if indices.size and not 0 <= indices.min() <= indices.max() < len(source):
            raise InvalidValue(
                f"`indices` must lie in [0, {len(source)}). Received values from "
                f"{indices.min()} to {indices.max()}."
            )
        self.source, self.reason = source, reason
        self.modality = source.modality
        self.indices = indices
        self.skipped = source.skipped
        self.num_skipped = source.num_skipped
        self.skipped_by_reason = source.skipped_by_reason
        self.notes = source.notes
        self.quantities = source.quantities
        self.unit = source.unit
        self.tokenizer = getattr(source, "tokenizer", None)
        self.class_names = source.class_names
        self.label_kind = source.label_kind
        self.bytes_in_memory = source.bytes_in_memory
        if source.labels is not None:
            self.labels = np.asarray(source.labels)[indices]
        self._positions = tf.constant(indices)

    def __len__(self):
        return len(self.indices)

    def fetch(self, indices):
        """Returns the examples at `indices` of this part, in graph."""
        return self.source.fetch(tf.gather(self._positions, indices))

    def names(self, positions):
        """Returns what the examples at `positions` are called in the whole."""
        return self.source.names(self.indices[np.asarray(positions, np.int64)])

    def fingerprints(self):
        """Returns those of the whole."""
        return self.source.fingerprints()

    def describe(self):
        """Returns the description of the whole, with the size of this part."""
        whole = self.source.describe()
        notes = [*whole["notes"], *([self.reason] if self.reason else [])]
        return {**whole, "examples": len(self), "notes": notes}
