"""A plain convolutional network: the same kind of layer again and again."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_image_shape, check_width, check_widths
from kerassl.errors import InvalidValue
from kerassl.layers import batch_normalization


@part("encoder")
def plain_cnn(
    input_shape: Sequence[int],
    widths: Sequence[int] = (32, 64, 128, 256),
    strides: Sequence[int] = (2, 2, 1, 1),
    grid: int = 2,
    name: str = "plain_cnn",
    dtype=None,
):
    """Returns a plain network, without shortcuts, for small images and a CPU.

    Each layer is a 3x3 convolution, batch normalisation and ReLU. The last map
    is averaged to `grid` x `grid` places and flattened, so that the features
    still say roughly where things are: on small images an average over all
    places throws away much of what tells classes apart. No weight starts at
    zero, so a random network of this kind is a fair control.

    It is a functional model of stock layers, so a file saved from it loads in
    Keras alone.

    Args:
        input_shape: (height, width, channels) in pixels. Height and width may
            be None where `grid` is 1.
        widths: Channels of each convolution, 1 or more of them.
        strides: Stride of each convolution in pixels, as many as `widths`. Most
            of the time goes to the layers at high resolution, so let the first
            ones shrink the image.
        grid: Places along each side of the pooled map, 1 or more; 1 is a global
            average. Where they do not divide the map, they overlap.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from (batch, height, width, channels) to (batch, grid *
        grid * last width).

    Raises:
        ValueError: If `widths` and `strides` do not fit together, or the last map
            has fewer places than `grid`.

    Example:
        >>> encoder = plain_cnn((28, 28, 1))
        >>> encoder.get_layer("relu4").output.shape, encoder.output_shape
        ((None, 7, 7, 256), (None, 1024))

    Reference:
        He et al., 2015, section 3.3, "plain network",
        https://arxiv.org/abs/1512.03385
    """
    check_width(grid=grid)
    check_image_shape("input_shape", input_shape, open_sides=grid == 1)
    check_widths(widths=widths, strides=strides)
    if len(widths) != len(strides):
        raise InvalidValue(
            "`strides` must hold one number for each of `widths`. Received: "
            f"strides={tuple(strides)}, widths={tuple(widths)}"
        )
    inputs = x = keras.Input(tuple(input_shape), name="images")
    for i, (width, stride) in enumerate(zip(widths, strides, strict=True), start=1):
        x = layers.Conv2D(
            width,
            3,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=dtype,
            name=f"conv{i}",
        )(x)
        x = batch_normalization(dtype=dtype, name=f"bn{i}")(x)
        x = layers.ReLU(dtype=dtype, name=f"relu{i}")(x)
    return keras.Model(inputs, pool_to_grid(x, grid, dtype), name=name)


def pool_to_grid(x, grid, dtype):
    """Returns a map averaged to `grid` x `grid` places and flattened.

    Args:
        x: Symbolic tensor (batch, height, width, dim).
        grid: Places along each side; 1 is a global average.
        dtype: Dtype policy of the layers.

    Raises:
        ValueError: If the map has fewer places.

    Example:
        >>> pool_to_grid(keras.Input((7, 7, 3)), 2, None).shape
        (None, 12)
    """
    if grid == 1:
        return layers.GlobalAveragePooling2D(dtype=dtype, name="pool")(x)
    sides = x.shape[1:3]
    if min(sides) < grid:
        raise InvalidValue(
            f"`grid` must be at most the sides of the last map, {sides[0]} x "
            f"{sides[1]}. Received: {grid}"
        )
    strides = tuple(side // grid for side in sides)
    # The last place ends where the map does.
    sizes = tuple(
        side - (grid - 1) * step for side, step in zip(sides, strides, strict=True)
    )
    x = layers.AveragePooling2D(sizes, strides, dtype=dtype, name="pool")(x)
    return layers.Flatten(dtype=dtype, name="features")(x)
