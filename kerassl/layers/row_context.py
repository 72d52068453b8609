"""What is known of a grid from above: a row and those before it."""

import keras
from keras import layers

from kerassl.checks import check_positive_integers


@keras.saving.register_keras_serializable(package="kerassl")
class RowContext(keras.layers.Layer):
    """Sums up a grid of vectors from the top down to each of its rows.

    Residual blocks of masked convolutions: in each a row sees itself and the one
    above it, and in these three columns. So a place knows of `depth` rows above it,
    and of nothing below.

    Args:
        hidden_dim: Width of the convolutions inside of a block.
        depth: How many blocks there are.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`, such as `dtype`.

    Input shape:
        (batch, rows, columns, dim)

    Output shape:
        (batch, rows, columns, dim), 0 or more.

    Raises:
        ValueError: If `hidden_dim` or `depth` is no positive integer.

    Example:
        >>> import numpy as np
        >>> context = RowContext(hidden_dim=8, depth=2)
        >>> tuple(context(np.ones((1, 4, 4, 3), "float32")).shape)
        (1, 4, 4, 3)

    Reference:
        Hénaff et al., 2020, appendix A.2, https://arxiv.org/abs/1905.09272
    """

    def __init__(
        self,
        hidden_dim: int = 256,
        depth: int = 5,
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_positive_integers(hidden_dim=hidden_dim, depth=depth)
        self.hidden_dim = hidden_dim
        self.depth = depth
        self.blocks: list[list] = []

    def build(self, input_shape):
        dim = input_shape[-1]
        for _ in range(self.depth):
            block = [
                self._convolution(self.hidden_dim, (1, 1), activation="relu"),
                self._convolution(self.hidden_dim, (1, 3), padding="same"),
                # A row above, and none below.
                layers.ZeroPadding2D(((1, 0), (0, 0)), dtype=self.dtype_policy),
                self._convolution(self.hidden_dim, (2, 1), activation="relu"),
                self._convolution(dim, (1, 1)),
            ]
            shape = tuple(input_shape)
            for layer in block:
                layer.build(shape)
                shape = layer.compute_output_shape(shape)
            self.blocks.append(block)

    def _convolution(self, width, kernel_size, **options):
        return layers.Conv2D(width, kernel_size, dtype=self.dtype_policy, **options)

    def call(self, grid):
        x = grid
        for block in self.blocks:
            y = x
            for layer in block:
                y = layer(y)
            x = x + y
        return keras.ops.relu(x)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "depth": self.depth,
        }
