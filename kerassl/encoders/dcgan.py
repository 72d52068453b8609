"""The discriminator and the generator of DCGAN."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_image_shape, check_width, check_widths
from kerassl.layers import batch_normalization


@part("encoder")
def dcgan_discriminator(
    input_shape: Sequence[int],
    widths: Sequence[int] = (128, 256, 512),
    kernel_size: int = 5,
    batch_norm: bool = True,
    name: str = "discriminator",
    dtype=None,
):
    """Returns the discriminator of DCGAN without its last, scoring layer.

    Each strided convolution halves height and width and is followed by batch
    normalisation, except for the first, and by LeakyReLU. The last map is
    flattened. Weights start at N(0, 0.02).

    Args:
        input_shape: (height, width, channels) in pixels.
        widths: Channels of each convolution, 1 or more of them. The paper has
            four for 64 pixels, to 1024; the default is for 28 or 32.
        kernel_size: Side of the kernels in pixels.
        batch_norm: Whether to normalise. Not where a gradient penalty is put
            on the scores: it holds for each example alone.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from images (batch, height, width, channels) to features
        (batch, dim).

    Raises:
        ValueError: If `input_shape` is no image shape or `widths` is empty.

    Example:
        >>> dcgan_discriminator((32, 32, 3)).output_shape  # 4 * 4 * 512
        (None, 8192)

    Reference:
        Radford et al., 2015, section 3, https://arxiv.org/abs/1511.06434
    """
    check_image_shape("input_shape", input_shape)
    check_widths(widths=widths)
    check_width(kernel_size=kernel_size)
    inputs = keras.Input(tuple(input_shape), name="images")
    x = inputs
    for i, width in enumerate(widths, start=1):
        normalized = batch_norm and i > 1
        x = layers.Conv2D(
            width,
            kernel_size,
            strides=2,
            padding="same",
            use_bias=not normalized,
            kernel_initializer=_normal(),
            dtype=dtype,
            name=f"conv{i}",
        )(x)
        if normalized:
            x = batch_normalization(dtype=dtype, name=f"bn{i}")(x)
        x = layers.LeakyReLU(0.2, dtype=dtype, name=f"leaky{i}")(x)
    features = layers.Flatten(dtype=dtype, name="features")(x)
    return keras.Model(inputs, features, name=name)


@part("encoder")
def dcgan_generator(
    output_shape: Sequence[int],
    noise_dim: int = 100,
    widths: Sequence[int] = (512, 256, 128),
    kernel_size: int = 5,
    name: str = "generator",
    dtype=None,
):
    """Returns the generator of DCGAN: from noise to an image.

    A dense layer makes a small map, which transposed convolutions double,
    each followed by batch normalisation and ReLU, up to tanh. Weights start at
    N(0, 0.02).

    Args:
        output_shape: (height, width, channels) in pixels. A side that cannot
            be halved often enough is doubled to more than is wanted, and cut.
        noise_dim: Dimensions of the noise, 1 or more.
        widths: Channels of each map before the image, 1 or more of them.
        kernel_size: Side of the kernels in pixels.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from noise (batch, noise_dim) to images (batch, height,
        width, channels) in [-1, 1].

    Raises:
        ValueError: If `output_shape` is no image shape, `widths` is empty or
            `noise_dim` is below 1.

    Example:
        >>> dcgan_generator((28, 28, 1), noise_dim=64).output_shape
        (None, 28, 28, 1)

    Reference:
        Radford et al., 2015, section 3, https://arxiv.org/abs/1511.06434
    """
    check_image_shape("output_shape", output_shape)
    check_widths(widths=widths)
    check_width(noise_dim=noise_dim, kernel_size=kernel_size)
    *size, channels = output_shape
    sizes = [tuple(size)]  # from the image down to the first map
    for _ in widths:
        sizes.append(tuple(-(-side // 2) for side in sizes[-1]))
    height, width = sizes.pop()
    inputs = keras.Input((noise_dim,), name="noise")
    x = layers.Dense(
        height * width * widths[0],
        use_bias=False,
        kernel_initializer=_normal(),
        dtype=dtype,
        name="project",
    )(inputs)
    x = layers.Reshape((height, width, widths[0]), dtype=dtype, name="reshape")(x)
    for i, wanted in enumerate([*widths[1:], channels], start=1):
        x = batch_normalization(dtype=dtype, name=f"bn{i}")(x)
        x = layers.ReLU(dtype=dtype, name=f"relu{i}")(x)
        x = layers.Conv2DTranspose(
            wanted,
            kernel_size,
            strides=2,
            padding="same",
            use_bias=i == len(widths),
            kernel_initializer=_normal(),
            dtype=dtype,
            name=f"deconv{i}",
        )(x)
        height, width = sizes.pop()
        surplus = ((0, x.shape[1] - height), (0, x.shape[2] - width))
        if surplus != ((0, 0), (0, 0)):
            x = layers.Cropping2D(surplus, dtype=dtype, name=f"crop{i}")(x)
    images = layers.Activation("tanh", dtype=dtype, name="images")(x)
    return keras.Model(inputs, images, name=name)


def _normal():
    return keras.initializers.RandomNormal(0.0, 0.02)
