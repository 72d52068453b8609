"""A network without padding, whose maps see patches of known sizes."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_image_shape, check_width, check_widths
from kerassl.errors import InvalidValue
from kerassl.layers import batch_normalization


@part("encoder")
def multiscale_cnn(
    input_shape: Sequence[int],
    widths: Sequence[int] = (128, 256, 512, 512, 512, 1024),
    kernels: Sequence[int] = (3, 4, 2, 3, 3, 3),
    strides: Sequence[int] = (1, 2, 2, 1, 1, 1),
    depth: int = 3,
    name: str = "multiscale_cnn",
    dtype=None,
):
    """Returns a residual network that ends in one place and pads nothing.

    A place of a map sees the pixels of one square and nothing else, not even by the
    rim that padding would leave: so a map is a grid of patches. Two places that lie
    far enough apart share no pixel. The image shrinks by its kernels until one
    place is left, which sees all of it.

    The first layer is a convolution. Each that follows is a stage: a residual block
    whose convolution has the stage's kernel, then blocks of 1x1 convolutions. A
    shortcut is an average over the kernel, and a 1x1 convolution where the width
    changes. It is a functional model of stock layers.

    The defaults are AMDIM's for CIFAR-10. Departures from the authors' code: it pads
    the shortcut with zeros where a stage is wider, has a batch normalisation inside
    of blocks as an option, and starts the last convolution of a block at zero, of
    which the random control of this network would see shortcuts alone.

    Args:
        input_shape: (height, width, channels) of square images, in pixels.
        widths: Channels of each layer, 2 or more of them. The last is the dimension
            of the features.
        kernels: Side of each layer's kernel, 2 or more, as many as `widths`.
        strides: Stride of each, as many.
        depth: Blocks of a stage; the last stage has one.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from (batch, side, side, channels) to (batch, last width),
        normalised over the batch. The outputs of its layers "map7", "map5" and so on
        are the maps of 7x7 and 5x5 places.

    Raises:
        ValueError: If the numbers do not fit together or do not end in one place.

    Example:
        >>> encoder = multiscale_cnn((32, 32, 3), widths=(8, 8, 8, 8, 8, 16))
        >>> encoder.get_layer("map7").output.shape, encoder.output_shape
        ((None, 7, 7, 8), (None, 16))

    Reference:
        Bachman et al., 2019, section 3.4, https://arxiv.org/abs/1906.00910
    """
    _check(input_shape, widths, kernels, strides, depth)
    inputs = keras.Input(tuple(input_shape), name="images")
    network = _Builder(dtype)
    x = network.convolve(inputs, widths[0], kernels[0], strides[0], name="stem")
    x = network.named(network.activate(network.normalize(x, "stem"), "stem"))
    stages = list(zip(widths, kernels, strides, strict=True))[1:]
    for i, (width, kernel, stride) in enumerate(stages, start=1):
        is_last = i == len(stages)
        x = network.block(x, width, kernel, stride, name=f"stage{i}_block1")
        for j in range(2, 2 if is_last else depth + 1):
            x = network.block(x, width, 1, 1, name=f"stage{i}_block{j}")
        x = x if is_last else network.named(x)
    x = network.normalize(x, "features")
    features = layers.Flatten(dtype=dtype, name="features")(x)
    return keras.Model(inputs, features, name=name)


class _Builder:
    """Adds named layers of one dtype policy to a functional graph."""

    def __init__(self, dtype):
        self.dtype = dtype

    def convolve(self, x, width, kernel, stride=1, *, name):
        layer = layers.Conv2D(
            width,
            kernel,
            strides=stride,
            padding="valid",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self.dtype,
            name=f"{name}_conv",
        )
        return layer(x)

    def normalize(self, x, name):
        return batch_normalization(dtype=self.dtype, name=f"{name}_bn")(x)

    def activate(self, x, name):
        return layers.ReLU(dtype=self.dtype, name=f"{name}_relu")(x)

    def named(self, x):
        return layers.Identity(dtype=self.dtype, name=f"map{x.shape[1]}")(x)

    def block(self, x, width, kernel, stride, name):
        y = self.convolve(x, width, kernel, stride, name=f"{name}_1")
        y = self.activate(self.normalize(y, f"{name}_1"), f"{name}_1")
        y = self.convolve(y, width, 1, name=f"{name}_2")
        if kernel > 1:
            pool = layers.AveragePooling2D(
                kernel, stride, "valid", dtype=self.dtype, name=f"{name}_pool"
            )
            x = pool(x)
        if x.shape[-1] != width:
            x = self.convolve(x, width, 1, name=f"{name}_shortcut")
        return layers.Add(dtype=self.dtype, name=f"{name}_add")([x, y])


def _check(input_shape, widths, kernels, strides, depth):
    check_image_shape("input_shape", input_shape)
    check_widths(widths=widths, kernels=kernels, strides=strides)
    check_width(depth=depth)
    if not 2 <= len(widths) == len(kernels) == len(strides) or min(kernels) < 2:
        raise InvalidValue(
            "`kernels` must be 2 or more each, and `widths`, `kernels` and `strides` "
            f"equally many, at least 2. Received: widths={tuple(widths)}, "
            f"kernels={tuple(kernels)}, strides={tuple(strides)}"
        )
    sides = [input_shape[0]]
    for kernel, stride in zip(kernels, strides, strict=True):
        sides.append((sides[-1] - kernel) // stride + 1 if sides[-1] >= kernel else 0)
    if input_shape[0] != input_shape[1] or sides[-1] != 1 or 1 in sides[:-1]:
        raise InvalidValue(
            "`input_shape` must be square, and `kernels` and `strides` shrink it to "
            f"one place by the last layer. Received: {tuple(input_shape)}, whose side "
            f"becomes {', '.join(map(str, sides[1:]))}"
        )
