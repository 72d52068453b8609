"""Rows of a large table, read and updated without touching the others."""

from keras import ops

from kerassl.distribute.backend import BACKEND

if BACKEND == "tensorflow":
    import tensorflow as tf


def lookup(table, indices):
    """Returns rows of a variable, reading no others.

    `ops.take` reads the whole variable, which TensorFlow copies where rows of
    it are updated one by one: a cost that grows with the table.

    Args:
        table: A `keras.Variable` (rows, ...).
        indices: Integer tensor of any shape, each in [0, rows).

    Returns:
        Tensor of the shape of `indices` and that of a row.

    Example:
        >>> import keras
        >>> lookup(keras.Variable([[1.0], [2.0]]), ops.array([1, 0, 1])).shape[0]
        3
    """
    if BACKEND == "jax":
        return ops.take(table, indices, axis=0)
    return tf.gather(getattr(table, "value", table), indices)


def rows_of(gradient):
    """Returns (rows, values) of a gradient by a table, rows named once.

    Args:
        gradient: A dense tensor, or with TensorFlow the `tf.IndexedSlices`
            of rows that a lookup gives.

    Returns:
        Tuple (rows, values): an integer tensor (n,) of different row numbers, or
        None where the values are of all rows in order, and a tensor (n, ...),
        each row's gradient.

    Example:
        >>> rows, values = rows_of(ops.ones((3, 2)))
        >>> rows is None, tuple(values.shape)
        (True, (3, 2))
    """
    if BACKEND == "jax" or not isinstance(gradient, tf.IndexedSlices):
        return None, gradient
    rows, place = tf.unique(gradient.indices)
    return rows, tf.math.unsorted_segment_sum(gradient.values, place, tf.size(rows))


def as_rows(values, rows, variable):
    """Returns what an optimizer's `assign_add` adds to some rows of a variable.

    Args:
        values: Tensor (n, ...).
        rows: As `rows_of` gives.
        variable: The variable whose rows they are.
    """
    return values if rows is None else tf.IndexedSlices(values, rows, variable.shape)
