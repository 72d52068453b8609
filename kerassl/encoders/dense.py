"""Encoders of dense layers, for vectors and for small images."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_widths
from kerassl.encoders.activations import check_activation


@part("encoder")
def dense(
    input_shape: int | Sequence[int],
    hidden_dims: Sequence[int] = (256, 128, 64),
    activation: str = "relu",
    linear_features: bool = False,
    name: str = "dense_encoder",
    dtype=None,
):
    """Returns a stack of dense layers from examples to one vector each.

    Images are flattened first. It is a functional model of stock layers, so a
    file saved from it loads in Keras alone.

    Args:
        input_shape: Dimensions of a vector, or the shape of an example, such
            as (28, 28, 1).
        hidden_dims: Widths of the layers, 1 or more; the last is the
            dimension of the features.
        activation: Activation of every layer.
        linear_features: Whether the last layer has none, as the means of a VAE.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from `(batch, *input_shape)` to (batch, hidden_dims[-1]).

    Raises:
        ValueError: If `hidden_dims` is empty or holds a number below 1.

    Example:
        >>> dense((28, 28, 1)).output_shape
        (None, 64)
    """
    check_widths(hidden_dims=hidden_dims)
    check_activation(activation)
    shape = (input_shape,) if isinstance(input_shape, int) else input_shape
    check_widths(input_shape=shape)
    shape = tuple(shape)
    inputs = keras.Input(shape, name="examples")
    x = inputs
    if len(shape) > 1:
        x = layers.Flatten(dtype=dtype, name="flatten")(x)
    for i, dim in enumerate(hidden_dims, start=1):
        is_last = i == len(hidden_dims)
        x = layers.Dense(
            dim,
            activation=None if linear_features and is_last else activation,
            dtype=dtype,
            name=f"dense{i}",
        )(x)
    # Named "dense" it could not stand before a new Dense layer in a Sequential.
    return keras.Model(inputs, x, name=name)
