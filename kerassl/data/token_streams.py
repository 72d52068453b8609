"""Windows of tokens in an order in which each goes on with one before it."""

import numpy as np

from kerassl.data.dataset import FOREVER
from kerassl.data.source import FIRST_EXAMPLES, Source
from kerassl.errors import InvalidValue


class TokenStreams(Source):
    """Windows side by side: row b of a batch goes on with row b of the batch before.

    The windows of a source are cut into as many streams of equal length as a batch has
    rows. At the end of the streams all begin again. What is left over, less than a
    batch of windows, is not read.

    Documents are numbered from -1 in a window that goes on with one of the batch
    before, so that -1 is the document in which that one ended; in the first windows of
    the streams from 0, as in windows that stand alone. So a model that carries a state
    knows when to take it up.

    Args:
        windows: A `Source` of windows with random access, such as
            `kerassl.data.TokenWindows`.
        rows: Streams side by side, the size of a batch.
        end: Id of the token that stands before each document.

    Raises:
        ValueError: If there are fewer windows than rows.

    Example:
        >>> from kerassl.data import TokenWindows
        >>> windows = TokenWindows([np.arange(13)], [np.array([0, 8])], 3)
        >>> streams = TokenStreams(windows, rows=2, end=8)
        >>> [b["token_ids"][:, 0].numpy().tolist() for b in streams.batches(2).take(3)]
        [[0, 6], [3, 9], [0, 6]]
    """

    sequential = True
    unit = "windows"

    def __init__(self, windows, rows, end):
        super().__init__()
        if len(windows) < rows:
            raise InvalidValue(
                f"`batch_size` is {rows}, but there are only {len(windows)} windows. "
                "Choose a smaller batch size or give more data."
            )
        self.windows, self.rows, self.end = windows, rows, end
        self.length = len(windows) // rows

    def __len__(self):
        return self.length * self.rows

    @property
    def dataset(self):
        """The windows as they stand alone, in their order."""
        import tensorflow as tf

        one = tf.data.Dataset.range(len(self)).batch(1).map(self.windows.fetch)
        return one.unbatch().apply(tf.data.experimental.assert_cardinality(len(self)))

    def batches(self, batch_size, start=0):
        """Returns the endless batches from number `start` on.

        Args:
            batch_size: The number of streams.
            start: Number of the first batch.
        """
        import tensorflow as tf

        if batch_size != self.rows:
            raise InvalidValue(
                f"`batch_size` must be the number of streams, {self.rows}. Received: "
                f"{batch_size}"
            )
        numbers = tf.data.Dataset.range(start, FOREVER)
        return numbers.map(tf.autograph.experimental.do_not_convert(self._batch))

    def fetch(self, indices):
        """Returns the windows at `indices` as they stand alone."""
        return self.windows.fetch(indices)

    def at_hand(self):
        """Yields the first few windows as a batch."""
        yield self.windows.fetch(np.arange(min(FIRST_EXAMPLES, len(self))))

    def describe(self):
        return self.windows.describe()

    def _batch(self, number):
        import tensorflow as tf

        place = number % self.length
        first = self.length * tf.range(self.rows, dtype=tf.int64)
        windows = self.windows.fetch(first + place)
        begins = tf.cast(windows["token_ids"][:, :1] == self.end, tf.int32)
        goes_on = tf.cast(place > 0, tf.int32)
        numbers = windows["segment_ids"] + goes_on * (begins - 1)
        return {**windows, "segment_ids": numbers}
