"""A small convolutional encoder, which can be mirrored."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_image_shape, check_width, check_widths
from kerassl.encoders.activations import check_activation


@part("encoder")
def conv(
    input_shape: Sequence[int],
    widths: Sequence[int] = (32, 64),
    feature_dim: int = 64,
    activation: str = "relu",
    grid: bool = False,
    name: str = "conv",
    dtype=None,
):
    """Returns a few strided convolutions and a dense layer, or a grid of features.

    Each 3x3 convolution halves height and width. Positions are flattened, not
    averaged, so that the features say where things are: a decoder needs that.
    It is a functional model of stock layers, so a file saved from it loads in
    Keras alone.

    Args:
        input_shape: (height, width, channels) in pixels.
        widths: Channels of each convolution, 1 or more of them.
        feature_dim: Dimension of the features.
        activation: Activation of every layer, but of a grid's last.
        grid: Whether the features stay a grid: a 1x1 convolution without an
            activation takes the place of the dense layer.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from (batch, height, width, channels) to (batch,
        feature_dim), or of a grid to (batch, rows, columns, feature_dim).

    Raises:
        ValueError: If `input_shape` is no image shape or `widths` is empty.

    Example:
        >>> conv((28, 28, 1)).output_shape
        (None, 64)
        >>> conv((32, 32, 3), feature_dim=16, grid=True).output_shape
        (None, 8, 8, 16)
    """
    check_image_shape("input_shape", input_shape)
    check_widths(widths=widths)
    check_width(feature_dim=feature_dim)
    check_activation(activation)
    inputs = keras.Input(tuple(input_shape), name="images")
    x = inputs
    for i, width in enumerate(widths, start=1):
        x = layers.Conv2D(
            width,
            3,
            strides=2,
            padding="same",
            activation=activation,
            dtype=dtype,
            name=f"conv{i}",
        )(x)
    if grid:
        x = layers.Conv2D(feature_dim, 1, dtype=dtype, name="features")(x)
        return keras.Model(inputs, x, name=name)
    x = layers.Flatten(dtype=dtype, name="flatten")(x)
    features = layers.Dense(
        feature_dim, activation=activation, dtype=dtype, name="features"
    )(x)
    return keras.Model(inputs, features, name=name)
