"""A queue of vectors from past batches."""

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_positive_integers


@keras.saving.register_keras_serializable(package="kerassl")
class MemoryQueue(keras.layers.Layer):
    """Keeps the newest rows of past batches, first in, first out.

    At the start it holds random rows of length 1, always the same ones.

    Args:
        size: Rows that it holds, above 0.
        dim: Length of a row, above 0.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`. The dtype is float32.

    Attributes:
        rows: Variable of shape (size, dim), float32, not trainable.
        position: Where the next row goes, which is where the oldest one is.

    Raises:
        ValueError: If `size` or `dim` is not a positive integer.

    Example:
        >>> queue = MemoryQueue(4, 2)
        >>> queue.enqueue(ops.ones((3, 2)))
        >>> int(queue.position.numpy())
        3

    Reference:
        He et al., 2019, section 3.2, https://arxiv.org/abs/1911.05722
    """

    def __init__(self, size: int, dim: int, *, name: str | None = None, **kwargs):
        super().__init__(name=name, **{**kwargs, "dtype": "float32"})
        check_positive_integers(size=size, dim=dim)
        self.size = size
        self.dim = dim
        self.rows = self.add_weight(
            shape=(size, dim),
            initializer=_unit_rows,
            trainable=False,
            name="rows",
        )
        self.position = self.add_weight(
            shape=(), dtype="int", initializer="zeros", trainable=False, name="position"
        )
        self.built = True

    def enqueue(self, rows):
        """Puts the rows of all replicas in the place of the oldest ones.

        Every replica then holds the same queue. Their number need not divide
        `size`; of more than `size` rows the last ones are kept.

        Args:
            rows: Float tensor (batch, dim), this replica's. No gradient flows
                back to it.
        """
        rows = ops.stop_gradient(distribute.all_gather(rows))[-self.size :]
        count, dtype = ops.shape(rows)[0], self.position.dtype
        position = self.position.value
        places = (position + ops.arange(count, dtype=dtype)) % self.size
        rows = ops.cast(rows, self.rows.dtype)
        self.rows.assign(
            ops.scatter_update(self.rows.value, ops.expand_dims(places, 1), rows)
        )
        self.position.assign((position + ops.cast(count, dtype)) % self.size)

    def nearest(self, vectors):
        """Returns the row nearest to each vector, by the inner product.

        Of rows of length 1 that is the one with the largest cosine and the smallest
        distance, whatever the length of the vector. Of equals it is the first.

        Args:
            vectors: Float tensor (batch, dim).

        Returns:
            Float32 tensor (batch, dim). No gradient flows back from it.

        Example:
            >>> queue = MemoryQueue(2, 2)
            >>> queue.enqueue(ops.eye(2))
            >>> ops.convert_to_numpy(queue.nearest(ops.array([[0.1, 0.7]]))).tolist()
            [[0.0, 1.0]]

        Reference:
            Dwibedi et al., 2021, eq. 4, https://arxiv.org/abs/2104.14548
        """
        rows = self.rows.value
        similarity = ops.matmul(ops.cast(vectors, "float32"), ops.transpose(rows))
        nearest = ops.take(rows, ops.argmax(similarity, axis=-1), axis=0)
        return ops.stop_gradient(nearest)

    def get_config(self):
        return {**super().get_config(), "size": self.size, "dim": self.dim}


def _unit_rows(shape, dtype=None):
    # NumPy's numbers are the same on every backend.
    rows = np.random.default_rng(0).standard_normal(shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return ops.convert_to_tensor(rows, dtype=dtype or "float32")
