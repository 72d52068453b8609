"""A `tf.data.Dataset` as a source that is read in its own order."""

import re
import threading

from kerassl.data.source import FIRST_EXAMPLES, Source
from kerassl.errors import InvalidType, InvalidValue


class StreamSource(Source):
    """The elements of a `tf.data.Dataset`, in its own order.

    A dataset has no random access. Its elements are taken as they come, over
    and over; a run that starts at batch n reads past the batches before it.
    The n-th batch is reproducible only if the dataset is: it should not
    shuffle, or shuffle with a seed and `reshuffle_each_iteration=False`.

    No batch reaches over the end of a pass. What does not fill a batch is left
    out at the end of every other pass and at the beginning of the others, so that
    two passes see every element; where the length is not known, it is left out at
    the end of each.

    Args:
        dataset: `tf.data.Dataset` of single examples, or of (example, label)
            pairs, whose labels are left aside.

    Raises:
        ValueError: If the dataset is known to be empty.

    Example:
        >>> import tensorflow as tf
        >>> source = StreamSource(tf.data.Dataset.range(5))
        >>> [b.numpy().tolist() for b in source.batches(2, start=1).take(3)]
        [[2, 3], [1, 2], [3, 4]]
    """

    sequential = True

    def __init__(self, dataset):
        super().__init__()
        if isinstance(dataset.element_spec, tuple):
            dataset = dataset.map(lambda example, *_: example)
        self.dataset = dataset
        self._count = int(dataset.cardinality())
        if self._count == 0:
            raise InvalidValue("The dataset must hold at least one example.")
        self._lock = threading.Lock()
        self._iterator, self._position = None, 0

    def __len__(self):
        if self._count < 0:
            raise InvalidType(
                "The length of this tf.data.Dataset is not known. Tell it by "
                "`dataset.apply(tf.data.experimental.assert_cardinality(n))`."
            )
        return self._count

    def batches(self, batch_size, start=0):
        """Returns the endless batches from number `start` on.

        Args:
            batch_size: Examples in a batch.
            start: Number of the first batch.

        Raises:
            ValueError: If the dataset is known to have fewer elements.
        """
        if 0 < self._count < batch_size:
            raise InvalidValue(
                f"`batch_size` is {batch_size}, but there are only {self._count} "
                f"{self.unit}. Choose a smaller batch size or give more data."
            )
        passes = self.dataset.batch(batch_size, drop_remainder=True)
        left = self._count % batch_size if self._count > 0 else 0
        if left:
            later = self.dataset.skip(left).batch(batch_size, drop_remainder=True)
            passes = passes.concatenate(later)
        return passes.repeat().skip(start)

    def fetch(self, indices):
        """Returns the examples at `indices`; rising positions read once.

        A position before the last one read starts the dataset again.
        """
        import keras
        import tensorflow as tf

        indices = tf.convert_to_tensor(indices, tf.int64)
        specs = keras.tree.flatten(self.dataset.element_spec)
        batch = keras.tree.flatten(
            tf.numpy_function(self._read, [indices], [spec.dtype for spec in specs])
        )
        for tensor, spec in zip(batch, specs, strict=True):
            tensor.set_shape(indices.shape.concatenate(spec.shape))
        return keras.tree.pack_sequence_as(self.dataset.element_spec, batch)

    def at_hand(self):
        """Yields the first few elements as a batch."""
        import tensorflow as tf

        try:
            yield from self.dataset.batch(FIRST_EXAMPLES).take(1)
        except tf.errors.OpError as error:
            raise InvalidValue(
                f"The dataset cannot be read: {_first_line(error)}"
            ) from error

    def describe(self):
        return {
            "kind": type(self).__name__,
            "examples": self._count if self._count > 0 else None,
            "skipped": 0,
            "skipped_first": [],
        }

    def _read(self, indices):
        import keras
        import numpy as np

        with self._lock:
            rows = [keras.tree.flatten(self._element(i)) for i in indices]
        return [np.stack(column) for column in zip(*rows, strict=True)]

    def _element(self, index):
        if self._iterator is None or index < self._position:
            self._iterator, self._position = self.dataset.as_numpy_iterator(), 0
        for element in self._iterator:
            self._position += 1
            if self._position > index:
                return element
        self._iterator = None
        raise IndexError(f"The dataset ended before position {index}.")


def _first_line(error):
    """Returns what TensorFlow says, without the names of its nodes."""
    said = re.sub(r"\{\{.*?\}\} ?| \[Op:.*", "", str(error.message).strip())
    return said.splitlines()[0] if said else type(error).__name__
