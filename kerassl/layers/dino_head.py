"""The head of DINO: directions, compared with many learnt ones."""

from collections.abc import Sequence

import keras
from keras import ops

from kerassl.checks import check_width, check_widths
from kerassl.errors import InvalidValue


@keras.saving.register_keras_serializable(package="kerassl")
class DINOHead(keras.layers.Layer):
    """Gives the cosines of a projection with `output_dim` learnt directions.

    Dense layers with GELU, a dense bottleneck scaled to length 1, and a last layer
    without bias whose weights, for each output, are scaled to length 1: the
    authors' weight normalisation with its length fixed at 1. There is no batch
    normalisation. The head is thrown away after pretraining.

    Args:
        output_dim: How many directions, the paper's K, above 0.
        hidden_dims: Widths of the hidden layers.
        bottleneck_dim: Dimensions of the space of the directions, above 0.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`, such as `dtype`.

    Call arguments:
        h: Float tensor (..., dim), features.
        frozen: Boolean scalar tensor, whether the directions are to get no
            gradient, or None where they always do.

    Output:
        Float tensor (..., output_dim), in [-1, 1].

    Attributes:
        directions: Variable (bottleneck_dim, output_dim), of any length.

    Raises:
        ValueError: If a width is not a positive integer.

    Example:
        >>> head = DINOHead(16, hidden_dims=(8, 8), bottleneck_dim=4)
        >>> tuple(head(ops.ones((2, 5))).shape)
        (2, 16)

    Reference:
        Caron et al., 2021, section 3.1 and appendix C,
        https://arxiv.org/abs/2104.14294
    """

    def __init__(
        self,
        output_dim: int = 65536,
        hidden_dims: Sequence[int] = (2048, 2048),
        bottleneck_dim: int = 256,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_width(output_dim=output_dim, bottleneck_dim=bottleneck_dim)
        check_widths(hidden_dims=hidden_dims)
        self.output_dim = output_dim
        self.hidden_dims = tuple(hidden_dims)
        self.bottleneck_dim = bottleneck_dim
        self.stack = [
            *(self._dense(width, "gelu") for width in self.hidden_dims),
            self._dense(bottleneck_dim, None),
        ]

    def _dense(self, width, activation):
        return keras.layers.Dense(width, activation=activation, dtype=self.dtype_policy)

    def build(self, input_shape):
        shape = tuple(input_shape)
        if shape[-1] is None:
            raise InvalidValue(
                f"`h` must have a last axis of known size. Received shape: {shape}"
            )
        for layer in self.stack:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.directions = self.add_weight(
            shape=(self.bottleneck_dim, self.output_dim),
            # As PyTorch's, which says how fast the directions turn at first.
            initializer=keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform"),
            autocast=False,
            name="directions",
        )

    def call(self, h, frozen=None):
        for layer in self.stack:
            h = layer(h)
        directions = ops.convert_to_tensor(self.directions)
        if frozen is not None:
            directions = ops.where(frozen, ops.stop_gradient(directions), directions)
        # Lengths in float32: half precision has neither the range nor the digits.
        directions = ops.normalize(directions, axis=0)
        h = ops.normalize(ops.cast(h, "float32"), axis=-1)
        # The product too: a teacher's temperature of 0.04 magnifies what it rounds.
        return ops.matmul(h, directions)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "output_dim": self.output_dim,
            "hidden_dims": self.hidden_dims,
            "bottleneck_dim": self.bottleneck_dim,
        }
