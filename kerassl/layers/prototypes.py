"""Vectors that stand for clusters, and how alike others are to them."""

import keras
from keras import ops

from kerassl.checks import check_positive_integers


@keras.saving.register_keras_serializable(package="kerassl")
class Prototypes(keras.layers.Layer):
    """Holds vectors of length 1 that are learnt, and compares others with them.

    Every optimizer of Keras brings them back to length 1 after its step, so that no
    prototype wins by being long. At the start they are random directions.

    Args:
        num_prototypes: How many there are, above 0.
        dim: Length of each as a row, above 0.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`. The dtype is float32.

    Attributes:
        rows: Variable of shape (num_prototypes, dim), float32.

    Input shape:
        (..., dim), vectors of length 1.

    Output shape:
        (..., num_prototypes), cosines.

    Raises:
        ValueError: If a number is not a positive integer.

    Example:
        >>> prototypes = Prototypes(5, 2)
        >>> tuple(prototypes(ops.ones((3, 2))).shape)
        (3, 5)

    Reference:
        Caron et al., 2020, section 3.1, https://arxiv.org/abs/2006.09882
    """

    def __init__(
        self, num_prototypes: int, dim: int, *, name: str | None = None, **kwargs
    ):
        super().__init__(name=name, **{**kwargs, "dtype": "float32"})
        check_positive_integers(num_prototypes=num_prototypes, dim=dim)
        self.num_prototypes = num_prototypes
        self.dim = dim
        self.rows = self.add_weight(
            shape=(num_prototypes, dim),
            initializer=_random_directions,
            constraint=keras.constraints.UnitNorm(axis=1),
            name="rows",
        )
        self.built = True

    def call(self, inputs, frozen=None):
        """Returns the cosines of vectors with the prototypes.

        Args:
            inputs: As above.
            frozen: Boolean scalar tensor: whether no gradient reaches the
                prototypes; None for False.
        """
        rows = ops.convert_to_tensor(self.rows)
        if frozen is not None:
            rows = ops.where(frozen, ops.stop_gradient(rows), rows)
        return ops.matmul(inputs, ops.transpose(rows))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.num_prototypes)

    def get_config(self):
        return {
            **super().get_config(),
            "num_prototypes": self.num_prototypes,
            "dim": self.dim,
        }


def _random_directions(shape, dtype=None):
    rows = keras.initializers.RandomNormal()(shape, dtype=dtype)
    return ops.normalize(rows, axis=-1)
