"""The vectors of a map, each embedded by itself."""

import keras
from keras import layers

from kerassl.checks import check_positive_integers
from kerassl.layers.batch_normalization import batch_normalization


@keras.saving.register_keras_serializable(package="kerassl")
class MapEmbedding(keras.layers.Layer):
    """Embeds each place of a map in the space in which maps are compared.

    Two 1x1 convolutions beside a shortcut, then batch normalisation. The second
    convolution starts at zero, so that it is the shortcut alone that is trained
    first.

    Args:
        output_dim: Dimensions of that space.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`, such as `dtype`.

    Input shape:
        (batch, rows, columns, dim)

    Output shape:
        (batch, rows, columns, output_dim)

    Raises:
        ValueError: If `output_dim` is no positive integer.

    Example:
        >>> import numpy as np
        >>> embedding = MapEmbedding(6)
        >>> tuple(embedding(np.ones((2, 5, 5, 3), "float32")).shape)
        (2, 5, 5, 6)

    Reference:
        Bachman et al., 2019, section 3.4, https://arxiv.org/abs/1906.00910
    """

    def __init__(self, output_dim: int, *, name: str | None = None, **kwargs):
        super().__init__(name=name, **kwargs)
        check_positive_integers(output_dim=output_dim)
        self.output_dim = output_dim
        self.hidden = self._convolution(activation="relu")
        self.residual = self._convolution(kernel_initializer="zeros")
        self.shortcut = self._convolution()
        self.norm = batch_normalization(dtype=self.dtype_policy)

    def _convolution(self, **options):
        # A bias would be taken away by the normalisation, or add nothing to it.
        return layers.Conv2D(
            self.output_dim, 1, use_bias=False, dtype=self.dtype_policy, **options
        )

    def build(self, input_shape):
        shape = self.compute_output_shape(input_shape)
        self.hidden.build(input_shape)
        self.shortcut.build(input_shape)
        self.residual.build(shape)
        self.norm.build(shape)

    def call(self, grid, training=None):
        x = self.shortcut(grid) + self.residual(self.hidden(grid))
        return self.norm(x, training=training)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.output_dim)

    def get_config(self):
        return {**super().get_config(), "output_dim": self.output_dim}
