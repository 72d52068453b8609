"""Residual networks made of stock Keras layers, narrow ones included."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_image_shape, check_one_of, check_widths
from kerassl.errors import InvalidValue
from kerassl.layers import batch_normalization

BLOCKS = ("basic", "bottleneck")
STEMS = ("cifar", "imagenet")
NORMS = ("batch", "layer")
# The paper's deepest has 600; a graph of more is never made.
MAX_BLOCKS = 4096


@part("encoder")
def resnet(
    input_shape: Sequence[int],
    depths: Sequence[int] = (2, 2, 2, 2),
    widths: Sequence[int] = (64, 128, 256, 512),
    block: str = "basic",
    stem: str = "cifar",
    norm: str = "batch",
    name: str = "resnet",
    dtype=None,
):
    """Returns a ResNet from images to one feature vector each.

    The defaults are ResNet-18 for small images. `depths=(3, 4, 6, 3)`,
    `block="bottleneck"`, `stem="imagenet"` is ResNet-50 with the stride in the
    3x3 convolution. It is a functional model of stock layers, so a file saved
    from it loads in Keras alone.

    Args:
        input_shape: (height, width, channels) in pixels.
        depths: Blocks of each stage, 1 or more. Each stage but the first
            halves height and width.
        widths: Channels of each stage's 3x3 convolutions. Features have the
            last of them, times 4 with bottleneck blocks.
        block: `"basic"` (two 3x3 convolutions) or `"bottleneck"` (1x1, 3x3,
            1x1 with four times the channels).
        stem: `"cifar"`, a 3x3 convolution at full resolution, or
            `"imagenet"`, a 7x7 convolution and a pooling that shrink the image
            four times.
        norm: `"batch"`, or `"layer"`: each example by itself, over places and
            channels, for methods that a glance at the batch would tell the answer.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from (batch, height, width, channels) to (batch, dim).

    Raises:
        ValueError: If `block`, `stem` or `norm` is unknown, or `depths` and `widths`
            do not fit together.

    Example:
        >>> encoder = resnet((8, 8, 1), depths=(1, 1), widths=(16, 32))
        >>> encoder.output_shape
        (None, 32)

    Reference:
        He et al., 2015, https://arxiv.org/abs/1512.03385; the small stem is
        that of Chen et al., 2020, https://arxiv.org/abs/2002.05709
    """
    _check(input_shape, depths, widths, block, stem)
    check_one_of("norm", norm, NORMS)
    inputs = keras.Input(tuple(input_shape), name="images")
    network = _Builder(dtype, norm)
    if stem == "cifar":
        x = network.convolve(inputs, widths[0], 3, name="stem")
        x = network.activate(network.normalize(x, name="stem"), name="stem")
    else:
        x = network.convolve(inputs, widths[0], 7, stride=2, name="stem")
        x = network.activate(network.normalize(x, name="stem"), name="stem")
        x = layers.MaxPooling2D(3, 2, "same", dtype=dtype, name="stem_pool")(x)
    add_block = network.basic if block == "basic" else network.bottleneck
    for i, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        for j in range(depth):
            stride = 2 if i > 0 and j == 0 else 1
            x = add_block(x, width, stride, name=f"stage{i + 1}_block{j + 1}")
    features = layers.GlobalAveragePooling2D(dtype=dtype, name="pool")(x)
    return keras.Model(inputs, features, name=name)


class _Builder:
    """Adds named layers of one dtype policy to a functional graph."""

    def __init__(self, dtype, norm):
        self.dtype = dtype
        self.norm = norm

    def convolve(self, x, width, kernel_size, stride=1, *, name):
        return layers.Conv2D(
            width,
            kernel_size,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.VarianceScaling(
                2.0, "fan_out", "truncated_normal"
            ),
            dtype=self.dtype,
            name=f"{name}_conv",
        )(x)

    def normalize(self, x, *, name, gamma="ones"):
        options = {"gamma_initializer": gamma, "dtype": self.dtype}
        if self.norm == "layer":
            layer = layers.GroupNormalization(1, name=f"{name}_ln", **options)
        else:
            layer = batch_normalization(name=f"{name}_bn", **options)
        return layer(x)

    def activate(self, x, *, name):
        return layers.ReLU(dtype=self.dtype, name=f"{name}_relu")(x)

    def basic(self, x, width, stride, *, name):
        y = self.convolve(x, width, 3, stride, name=f"{name}_1")
        y = self.activate(self.normalize(y, name=f"{name}_1"), name=f"{name}_1")
        y = self.convolve(y, width, 3, name=f"{name}_2")
        return self.join(x, y, stride, name=name)

    def bottleneck(self, x, width, stride, *, name):
        y = self.convolve(x, width, 1, name=f"{name}_1")
        y = self.activate(self.normalize(y, name=f"{name}_1"), name=f"{name}_1")
        y = self.convolve(y, width, 3, stride, name=f"{name}_2")
        y = self.activate(self.normalize(y, name=f"{name}_2"), name=f"{name}_2")
        y = self.convolve(y, 4 * width, 1, name=f"{name}_3")
        return self.join(x, y, stride, name=name)

    def join(self, x, y, stride, *, name):
        """Adds the branch to the shortcut; at the start the branch is zero."""
        y = self.normalize(y, name=f"{name}_last", gamma="zeros")
        if stride > 1 or x.shape[-1] != y.shape[-1]:
            x = self.convolve(x, y.shape[-1], 1, stride, name=f"{name}_shortcut")
            x = self.normalize(x, name=f"{name}_shortcut")
        x = layers.Add(dtype=self.dtype, name=f"{name}_add")([x, y])
        return self.activate(x, name=f"{name}_out")


def _check(input_shape, depths, widths, block, stem):
    check_image_shape("input_shape", input_shape, open_sides=True)
    check_widths(depths=depths, widths=widths)
    if block not in BLOCKS:
        raise InvalidValue(f"`block` must be one of {BLOCKS}. Received: {block!r}")
    if stem not in STEMS:
        raise InvalidValue(f"`stem` must be one of {STEMS}. Received: {stem!r}")
    if len(depths) != len(widths) or sum(depths) > MAX_BLOCKS:
        raise InvalidValue(
            "`depths` and `widths` must hold one positive number for each stage, "
            f"and `depths` at most {MAX_BLOCKS} together. Received: "
            f"depths={tuple(depths)}, widths={tuple(widths)}"
        )
