"""The centre of what a network gives, over the batches so far."""

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number, check_positive_integers


@keras.saving.register_keras_serializable(package="kerassl")
class MovingCentre(keras.layers.Layer):
    """Holds the moving average of a batch's mean, 0 at the start.

    DINO takes it off the teacher's logits, so that no dimension wins for all
    images.

    Args:
        dim: Length of a row, above 0.
        momentum: Share that a step keeps, in [0, 1].
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`. The dtype is float32.

    Attributes:
        centre: Variable of shape (dim,), float32, not trainable.

    Raises:
        ValueError: If `dim` is not a positive integer or `momentum` out of range.

    Example:
        >>> centre = MovingCentre(2, momentum=0.75)
        >>> centre.follow(ops.array([[1.0, 0.0], [3.0, 8.0]]))
        >>> centre.centre.numpy().tolist()
        [0.5, 1.0]

    Reference:
        Caron et al., 2021, eq. 4, https://arxiv.org/abs/2104.14294
    """

    def __init__(
        self, dim: int, momentum: float = 0.9, *, name: str | None = None, **kwargs
    ):
        super().__init__(name=name, **{**kwargs, "dtype": "float32"})
        check_positive_integers(dim=dim)
        check_number("momentum", momentum, least=0, most=1)
        self.dim = dim
        self.momentum = momentum
        self.centre = self.add_weight(
            shape=(dim,), initializer="zeros", trainable=False, name="centre"
        )
        self.built = True

    def follow(self, rows):
        """Moves the centre towards the mean of the rows of all replicas.

        Every replica then holds the same centre, however the rows are shared out.

        Args:
            rows: Float tensor (batch, dim), this replica's. No gradient flows
                back to it.
        """
        rows = ops.stop_gradient(ops.cast(rows, "float32"))
        count = ops.cast(ops.shape(rows)[0], "float32")
        total, count = distribute.all_sum((ops.sum(rows, axis=0), count))
        kept = self.momentum * self.centre.value
        self.centre.assign(kept + (1.0 - self.momentum) * total / count)

    def get_config(self):
        return {**super().get_config(), "dim": self.dim, "momentum": self.momentum}
