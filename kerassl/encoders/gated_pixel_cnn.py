"""A convolutional network whose every place knows what was read before it alone."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import check_image_shape, check_width
from kerassl.errors import InvalidValue


@part("encoder")
def gated_pixel_cnn(
    input_shape: Sequence[int],
    width: int = 32,
    num_layers: int = 6,
    first_kernel_size: int = 7,
    kernel_size: int = 3,
    name: str = "gated_pixel_cnn",
    dtype=None,
):
    """Returns the Gated PixelCNN: features of each pixel from those before it.

    Pixels are read row by row, from left to right. A vertical stack sees the rows
    above a place; a horizontal stack sees what is to the left in its own row, and the
    vertical stack of the row above, never the other way round. Together they see all
    pixels before a place within reach, where one masked stack would have a blind spot.
    The first layer leaves out the place itself (mask A), the others have it (mask B).
    Masks are cuts: kernels have no weights for what must not be seen. Each layer is
    tanh(a) * sigmoid(b) of two halves of a convolution; only the horizontal stack has
    shortcuts, from the second layer on.

    It is a functional model of stock layers, so a file saved from it loads in
    Keras alone.

    Args:
        input_shape: (height, width, channels) in pixels. With several channels those
            of one pixel are read at once.
        width: Channels of each stack.
        num_layers: Layers of both stacks, 1 or more.
        first_kernel_size: Side of the first layer's kernel before it is cut, odd, 3 or
            more.
        kernel_size: Side of the others', odd, 3 or more.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        `keras.Model` from (batch, height, width, channels) to (batch, height, width,
        `width`).

    Raises:
        ValueError: If `input_shape` is no image shape, a width is no positive integer,
            or a kernel's side is even.

    Example:
        >>> gated_pixel_cnn((8, 8, 1), width=16, num_layers=2).output_shape
        (None, 8, 8, 16)

    Reference:
        van den Oord et al., 2016, https://arxiv.org/abs/1606.05328
    """
    check_image_shape("input_shape", input_shape)
    check_width(width=width)
    check_width(num_layers=num_layers)
    sides = {"first_kernel_size": first_kernel_size, "kernel_size": kernel_size}
    for side_name, side in sides.items():
        check_width(**{side_name: side})
        if side % 2 == 0 or side < 3:
            raise InvalidValue(f"`{side_name}` must be odd, from 3. Received: {side}")
    images = keras.Input(tuple(input_shape), name="images")
    vertical = horizontal = images
    for i in range(num_layers):
        side = kernel_size if i else first_kernel_size
        stacks = _Stacks(width, side, dtype, f"layer{i + 1}")
        vertical, horizontal = stacks(vertical, horizontal, is_first=i == 0)
    return keras.Model(images, horizontal, name=name)


class _Stacks:
    """One layer of both stacks.

    Args:
        width: Channels of each stack.
        side: Side of the kernel before it is cut, odd.
        dtype: Dtype policy.
        name: Of the layers made.
    """

    def __init__(self, width, side, dtype, name):
        self.width, self.reach = width, side // 2
        self.dtype, self.name = dtype, name

    def __call__(self, vertical, horizontal, is_first):
        reach = self.reach
        # Of the rows from `reach` above to this one.
        rows = self._pad(vertical, (reach, 0), (reach, reach), "rows")
        rows = self._halves(rows, (reach + 1, 2 * reach + 1), "vertical")
        # Of the columns from `reach` to the left to this one, which the first layer
        # does not see: there all is moved to the right by one.
        left, columns = horizontal, reach + 1
        if is_first:
            left, columns = self._cut(left, (0, 0), (0, 1), "first"), reach
        left = self._pad(left, (0, 0), (reach, 0), "left")
        left = self._halves(left, (1, columns), "horizontal")
        above = [self._above(half, i) for i, half in enumerate(rows)]
        joined = [
            self._add(pair, f"join{i}")
            for i, pair in enumerate(zip(left, above, strict=True))
        ]
        made = self._convolve(self._gated(joined, "gate"), 1, "out")
        if not is_first:
            made = self._add([made, horizontal], "shortcut")
        return self._gated(rows, "vertical_gate"), made

    def _above(self, rows, i):
        """Returns what the row above each knows, by a link of its own weights."""
        above = self._cut(rows, (0, 1), (0, 0), f"cut{i}")
        above = self._pad(above, (1, 0), (0, 0), f"above{i}")
        return self._convolve(above, 1, f"link{i}")

    def _halves(self, x, size, name):
        """Returns two convolutions, one to be squashed and one that opens a gate."""
        return [self._convolve(x, size, f"{name}{i}") for i in range(2)]

    def _gated(self, halves, name):
        gates = [
            layers.Activation(kind, dtype=self.dtype, name=f"{self.name}_{name}_{kind}")
            for kind in ("tanh", "sigmoid")
        ]
        halves = [gate(half) for gate, half in zip(gates, halves, strict=True)]
        return layers.Multiply(dtype=self.dtype, name=f"{self.name}_{name}")(halves)

    def _convolve(self, x, size, name):
        name = f"{self.name}_{name}_conv"
        return layers.Conv2D(self.width, size, dtype=self.dtype, name=name)(x)

    def _pad(self, x, rows, columns, name):
        name = f"{self.name}_{name}_pad"
        return layers.ZeroPadding2D((rows, columns), dtype=self.dtype, name=name)(x)

    def _cut(self, x, rows, columns, name):
        name = f"{self.name}_{name}_crop"
        return layers.Cropping2D((rows, columns), dtype=self.dtype, name=name)(x)

    def _add(self, parts, name):
        return layers.Add(dtype=self.dtype, name=f"{self.name}_{name}")(list(parts))
