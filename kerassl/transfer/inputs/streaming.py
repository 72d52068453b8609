"""The examples of a source as NumPy arrays, a batch at a time."""

import keras
import numpy as np
import tensorflow as tf

# Examples that are in memory at a time take about so many bytes.
BATCH_BYTES = 1 << 25
MOST = 256


def arrays_of(source):
    """Yields the examples of a source in its order, in batches.

    Args:
        source: A `kerassl.data.Source` with random access.

    Yields:
        NumPy arrays, or dicts of them, with the batch first. Examples of different
        shapes, a ragged tensor, come one at a time.

    Example:
        >>> from kerassl.data import digits
        >>> [len(batch) for batch in arrays_of(digits("test"))]
        [256, 244]
    """
    first = keras.tree.flatten(source.fetch(np.array([0])))
    size = sum(_bytes(part) for part in first)
    batch_size = int(np.clip(BATCH_BYTES // max(1, size), 1, MOST))
    fetch = tf.autograph.experimental.do_not_convert(source.fetch)
    batches = tf.data.Dataset.range(len(source)).batch(batch_size)
    for batch in batches.map(fetch, tf.data.AUTOTUNE).prefetch(2):
        if isinstance(batch, tf.RaggedTensor):
            yield from (_dense(row)[None] for row in batch)
        else:
            yield keras.tree.map_structure(lambda part: part.numpy(), batch)


def _bytes(tensor):
    if isinstance(tensor, tf.RaggedTensor):
        tensor = tensor.flat_values
    return int(tf.size(tensor)) * tensor.dtype.size


def _dense(row):
    return (row.to_tensor() if isinstance(row, tf.RaggedTensor) else row).numpy()
