"""A codebook that follows what it stands for."""

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number, check_width

# Counts below it are none.
EPSILON = 1e-5


@keras.saving.register_keras_serializable(package="kerassl")
class VectorQuantizer(keras.layers.Layer):
    """Replaces vectors by the nearest of a few codes, which follow them.

    Backwards it is the identity: the gradient by the codes is that by the vectors
    (straight-through). The codes have no gradient; each is a moving average of the
    vectors that were nearest to it, of all replicas.

    Args:
        num_codes: Codes, the paper's K.
        decay: Share of a code's sum and count that a step keeps, in [0, 1).
        restart: A code that is nearest to fewer vectors of a batch, by its moving
            average, begins anew at one of them. So all begin in the first batch. 0
            leaves them where they are, as the paper does; most of the codes are then
            never chosen.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`. The dtype is float32.

    Input shape:
        (..., dim)

    Output:
        Pair of the codes, float32 (..., dim), and their numbers, int32 (...).

    Attributes:
        codes: Variable (num_codes, dim), not trainable.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> layer = VectorQuantizer(3)
        >>> codes, numbers = layer(ops.ones((2, 4, 5)))
        >>> codes.shape, numbers.shape
        (TensorShape([2, 4, 5]), TensorShape([2, 4]))

    References:
        van den Oord et al., 2017, section 3 and appendix A.1,
        https://arxiv.org/abs/1711.00937
        Dhariwal et al., 2020, section 3, random restarts,
        https://arxiv.org/abs/2005.00341
    """

    def __init__(
        self,
        num_codes: int = 512,
        decay: float = 0.99,
        restart: float = 1.0,
        *,
        name=None,
        **kwargs,
    ):
        super().__init__(name=name, **{**kwargs, "dtype": "float32"})
        check_width(num_codes=num_codes)
        check_number("decay", decay, least=0, below=1)
        check_number("restart", restart, least=0)
        self.num_codes = num_codes
        self.decay = decay
        self.restart = restart

    def build(self, input_shape):
        shape = (self.num_codes, input_shape[-1])
        options = {"trainable": False, "autocast": False}
        self.codes = self.add_weight(
            shape=shape, initializer=_spread, name="codes", **options
        )
        self.counts = self.add_weight(
            shape=shape[:1], initializer="zeros", name="counts", **options
        )
        self.sums = self.add_weight(
            shape=shape, initializer="zeros", name="sums", **options
        )

    def call(self, vectors):
        vectors = ops.cast(vectors, "float32")
        numbers = self.nearest(vectors)
        codes = ops.take(ops.convert_to_tensor(self.codes), numbers, axis=0)
        return vectors + ops.stop_gradient(codes - vectors), numbers

    def nearest(self, vectors):
        """Returns the number of the code nearest to each vector.

        Args:
            vectors: Float tensor (..., dim).
        """
        codes = ops.convert_to_tensor(self.codes)
        lengths = ops.sum(ops.square(codes), axis=-1)
        # The vectors' own lengths are the same for all codes.
        distances = lengths - 2 * ops.matmul(vectors, ops.transpose(codes))
        return ops.cast(ops.argmin(distances, axis=-1), "int32")

    def follow(self, vectors, numbers):
        """Moves the codes towards the vectors of all replicas.

        Args:
            vectors: Float tensor (..., dim), this replica's. No gradient flows back.
            numbers: Integer tensor (...), the codes that they were given.
        """
        rows = ops.reshape(ops.cast(vectors, "float32"), (-1, self.codes.shape[1]))
        rows = distribute.all_gather(ops.stop_gradient(rows))
        numbers = distribute.all_gather(ops.reshape(numbers, (-1,)))
        chosen = ops.one_hot(numbers, self.num_codes)
        kept, new = self.decay, 1 - self.decay
        counts = kept * self.counts.value + new * ops.sum(chosen, axis=0)
        sums = kept * self.sums.value + new * ops.matmul(ops.transpose(chosen), rows)
        if self.restart:
            # From all over the batch, which is in a random order.
            places = evenly_spaced(self.num_codes, ops.shape(rows)[0])
            few = counts < self.restart
            counts = ops.where(few, self.restart, counts)
            fresh = self.restart * ops.take(rows, places, axis=0)
            sums = ops.where(few[:, None], fresh, sums)
        self.counts.assign(counts)
        self.sums.assign(sums)
        codes = sums / ops.maximum(counts, EPSILON)[:, None]
        # A code that was never chosen stays where it is.
        seen = (counts > EPSILON)[:, None]
        self.codes.assign(ops.where(seen, codes, self.codes.value))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape), tuple(input_shape[:-1])

    def get_config(self):
        return {
            **super().get_config(),
            "num_codes": self.num_codes,
            "decay": self.decay,
            "restart": self.restart,
        }


def evenly_spaced(count, length):
    """Returns `count` places from 0 to below `length`, as int32.

    Their product is more than int32 holds, of 8,192 codes and 256 images of 32x32
    places for one.
    """
    numbers = ops.arange(count)
    return numbers * (length // count) + numbers * (length % count) // count


def _spread(shape, dtype=None):
    """Returns codes that differ, the same on every backend."""
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(dtype or "float32")
