"""The small network between an encoder and a loss on pairs of views."""

from collections.abc import Sequence

import keras

from kerassl.checks import check_positive_integers
from kerassl.layers.batch_normalization import batch_normalization


@keras.saving.register_keras_serializable(package="kerassl")
class ProjectionHead(keras.layers.Layer):
    """Projects representations `h` to the space `z` in which views are compared.

    Each hidden layer is dense, batch-normalised and ReLU; the last is dense.
    A dense layer before a batch normalisation has no bias. The head is thrown
    away after pretraining.

    Batch statistics are those of the global batch on every backend.

    Args:
        output_dim: Dimensions of `z`, above 0.
        hidden_dims: Widths of the hidden layers, each above 0; empty for a
            linear head.
        batch_norm: Normalise the hidden layers.
        final_batch_norm: Normalise `z` too, without an offset.
        final_scale: Let that normalisation learn a scale for each dimension.
        final_bias: Give the last dense layer a bias, unless a normalisation
            follows it. Do without where the next network starts with one: such
            a bias has no gradient but rounding, which Adam would magnify.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`, such as `dtype`.

    Input shape:
        (batch, dim)

    Output shape:
        (batch, output_dim)

    Raises:
        ValueError: If a width is not a positive integer.

    Example:
        >>> import numpy as np
        >>> head = ProjectionHead(16, hidden_dims=(32,))
        >>> tuple(head(np.ones((4, 8), "float32")).shape)
        (4, 16)

    Reference:
        Chen et al., 2020, section 4.2, https://arxiv.org/abs/2002.05709
    """

    def __init__(
        self,
        output_dim: int = 128,
        hidden_dims: Sequence[int] = (2048,),
        batch_norm: bool = True,
        final_batch_norm: bool = False,
        final_bias: bool = True,
        final_scale: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_positive_integers(output_dim=output_dim)
        for width in hidden_dims:
            check_positive_integers(hidden_dims=width)
        self.output_dim = output_dim
        self.hidden_dims = tuple(hidden_dims)
        self.batch_norm = batch_norm
        self.final_batch_norm = final_batch_norm
        self.final_bias = final_bias
        self.final_scale = final_scale
        self.stack = []
        for width in self.hidden_dims:
            self.stack.append(self._dense(width, use_bias=not batch_norm))
            if batch_norm:
                self.stack.append(self._normalization(center=True))
            self.stack.append(keras.layers.ReLU(dtype=self.dtype_policy))
        use_bias = final_bias and not final_batch_norm
        self.stack.append(self._dense(output_dim, use_bias=use_bias))
        if final_batch_norm:
            self.stack.append(self._normalization(center=False, scale=final_scale))

    def _dense(self, width, use_bias):
        return keras.layers.Dense(width, use_bias=use_bias, dtype=self.dtype_policy)

    def _normalization(self, **affine):
        return batch_normalization(**affine, dtype=self.dtype_policy)

    def build(self, input_shape):
        shape = tuple(input_shape)
        for layer in self.stack:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, h, training=None):
        for layer in self.stack:
            if isinstance(layer, keras.layers.BatchNormalization):
                h = layer(h, training=training)
            else:
                h = layer(h)
        return h

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "output_dim": self.output_dim,
            "hidden_dims": self.hidden_dims,
            "batch_norm": self.batch_norm,
            "final_batch_norm": self.final_batch_norm,
            "final_bias": self.final_bias,
            "final_scale": self.final_scale,
        }
