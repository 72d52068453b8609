"""Random views of a whole batch of images, the augmentation of SimCLR."""

import dataclasses

import tensorflow as tf

from kerassl.augment.image.color import adjust_color
from kerassl.augment.image.geometry import (
    CROP_DRAWS,
    blur_matrix,
    crop_boxes,
    resize_matrix,
)
from kerassl.augment.image.values import (
    as_tensor,
    check_images,
    check_range,
    check_shape,
    check_side,
    to_unit,
)
from kerassl.checks import check_number
from kerassl.errors import InvalidValue

# Uniform numbers that one view of one image takes: the crop, then one each for
# flip, jitter, brightness, contrast, saturation, hue, greyscale, blur, its
# width, and solarisation.
VIEW_DRAWS = CROP_DRAWS + 10


def view_draws(seed, batch_size):
    """Returns the random numbers of one view of a batch.

    They are drawn apart from `View.render`, because XLA and TensorFlow give
    other numbers for one seed; so a view does not depend on who compiled it.

    Args:
        seed: Integer tensor of shape (2,).
        batch_size: Images in the batch.

    Returns:
        Float tensor (batch_size, VIEW_DRAWS), uniform in [0, 1).

    Example:
        >>> view_draws((0, 1), 4).shape == (4, VIEW_DRAWS)
        True
    """
    return tf.random.stateless_uniform((batch_size, VIEW_DRAWS), seed, alg="philox")


@dataclasses.dataclass(frozen=True)
class View:
    """A kind of random view of an image: how it is cropped, coloured and blurred.

    In order: crop and antialiased resize, horizontal flip, jitter of
    brightness, contrast, saturation and hue, greyscale, Gaussian blur,
    clipping to [0, 1], solarisation. Two departures from the paper, both
    because each image then needs one colour matrix: hue turns about the grey
    axis (not in HSV), and values are clipped once, at the end.

    The defaults are SimCLR's for ImageNet. For images of 32 pixels the paper
    halves `color_strength` and leaves out the blur. Saturation, hue and greyscale
    have no meaning for one channel and are left out there.

    Args:
        size: Side of the square views in pixels, above 0.
        crop_scale: Least and largest share of the area that a crop keeps, in
            (0, 1], or None for the whole image.
        crop_ratio: Least and largest width / height of a crop.
        flip_rate: Share of views flipped left to right.
        color_rate: Share of views whose colours are jittered.
        color_strength: Strength of the jitter, from 0 to 5: brightness, contrast
            and saturation change by factors within 1 +- 0.8 strength, hue by
            +- 0.2 strength of a full turn.
        grayscale_rate: Share of views turned to greyscale.
        blur_rate: Share of views blurred, with a standard deviation in
            [0.1, 2] pixels and a kernel of a tenth of `size`.
        solarize_rate: Share of views whose values from 0.5 up are inverted.

    Raises:
        ValueError: If an option is out of its range.

    Example:
        >>> view = View(32, color_strength=0.5, blur_rate=0.0)
        >>> view(tf.zeros((4, 40, 36, 3), tf.uint8), seed=(0, 1)).shape
        TensorShape([4, 32, 32, 3])

    Reference:
        Chen et al., 2020, appendix A, https://arxiv.org/abs/2002.05709
    """

    size: int = 224
    crop_scale: tuple[float, float] | None = (0.08, 1.0)
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip_rate: float = 0.5
    color_rate: float = 0.8
    color_strength: float = 1.0
    grayscale_rate: float = 0.2
    blur_rate: float = 0.5
    solarize_rate: float = 0.0

    def __post_init__(self):
        check_side("size", self.size)
        check_scale("crop_scale", self.crop_scale)
        if self.crop_scale is not None:
            object.__setattr__(self, "crop_scale", tuple(self.crop_scale))
        check_pair("crop_ratio", self.crop_ratio, "a pair")
        object.__setattr__(self, "crop_ratio", tuple(self.crop_ratio))
        # A hue turns by one turn at most.
        check_number("color_strength", self.color_strength, least=0, most=5)
        for name in vars(self):
            if name.endswith("_rate"):
                check_number(name, getattr(self, name), least=0, most=1)

    def __call__(self, images, seed):
        """Returns one random view of each image, a function of `seed` alone.

        Args:
            images: Tensor of shape (batch, height, width, channels), uint8 in
                [0, 255] or float in [0, 1]; for other dtypes see
                `kerassl.augment.image.values`.
            seed: Integer tensor of shape (2,). Other seeds, other views; every
                image of the batch gets its own.

        Returns:
            float32 tensor (batch, size, size, channels) in [0, 1].

        Raises:
            ValueError: If `images` is no such batch.
        """
        check_images(images)
        images = as_tensor(images)
        batch_size = images.shape[0] or tf.shape(images)[0]
        return self.render(images, view_draws(seed, batch_size))

    def render(self, images, draws):
        """Returns the views of a batch that given random numbers choose.

        Args:
            images: As for a call. In a graph their values are not looked at:
                `check_images` does.
            draws: Float tensor (batch, VIEW_DRAWS) from `view_draws`.

        Returns:
            float32 tensor (batch, size, size, channels) in [0, 1].

        Raises:
            ValueError: If `images` is no such batch.
        """
        images = as_tensor(images)
        check_shape(images)
        if tf.executing_eagerly():  # who calls this in a graph has looked at them
            check_range(images)
        images = to_unit(images)
        numbers = tf.unstack(draws[:, CROP_DRAWS:], axis=1)
        flip, jitter, brightness, contrast, saturation, hue = numbers[:6]
        gray, blur, sigma, solar = numbers[6:]
        size = self.size
        rows, columns = self._crop_and_resize(images, draws[:, :CROP_DRAWS])
        if self.flip_rate > 0:
            columns = _choose(flip < self.flip_rate, columns[:, ::-1], columns)
        if self.blur_rate > 0:
            blurring = blur_matrix(0.1 + 1.9 * sigma, size, max(1, size // 20))
            blurring = _choose(blur < self.blur_rate, blurring, tf.eye(size))
            rows, columns = blurring @ rows, blurring @ columns

        views = _transform(images, rows, columns)  # (batch, channels, pixels)
        if self.color_rate * self.color_strength > 0 or self.grayscale_rate > 0:
            strength = float(self.color_strength)
            strength = tf.where(jitter < self.color_rate, strength, 0.0)
            saturation = _factor(saturation, 0.8 * strength)
            views = adjust_color(
                views,
                _factor(brightness, 0.8 * strength),
                _factor(contrast, 0.8 * strength),
                tf.where(gray < self.grayscale_rate, 0.0, saturation),
                0.2 * strength * (2.0 * hue - 1.0),
            )
        views = tf.transpose(views, (0, 2, 1))
        views = tf.clip_by_value(views, 0.0, 1.0)
        if self.solarize_rate > 0:
            inverted = tf.where(views < 0.5, views, 1.0 - views)
            views = _choose(solar < self.solarize_rate, inverted, views)
        return tf.reshape(views, (-1, size, size, images.shape[-1]))

    def _crop_and_resize(self, images, draws):
        """Returns the matrices that make rows and columns of views of an image's."""
        height, width = _sides(images)
        if self.crop_scale is None:
            top = left = tf.zeros_like(draws[:, 0])
            box_h = top + tf.cast(height, tf.float32)
            box_w = top + tf.cast(width, tf.float32)
        else:
            boxes = crop_boxes(draws, height, width, self.crop_scale, self.crop_ratio)
            top, left, box_h, box_w = tf.unstack(boxes, axis=1)
        rows = resize_matrix(top, box_h, height, self.size)
        return rows, resize_matrix(left, box_w, width, self.size)


def check_scale(name, scale):
    """Raises ValueError unless it says which shares of an image's area crops keep.

    Args:
        name: The user's argument.
        scale: What was given for it: a pair in (0, 1], or None for the whole image.

    Example:
        >>> check_scale("crop_scale", (0.5, 2.0))
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `crop_scale` must be None or a pair \
0 < least <= largest <= 1. Received: crop_scale=(0.5, 2.0)
    """
    if scale is not None:
        check_pair(name, scale, "None or a pair", most=1)


def check_pair(name, pair, kind, most=None):
    """Raises ValueError unless `pair` is two numbers above 0, the smaller first.

    Args:
        name: The user's argument.
        pair: What was given for it.
        kind: What else it may be, in words, such as "a pair".
        most: The largest that a number may be, or None.
    """
    try:
        low, high = pair
        check_number(name, low, above=0, most=most)
        check_number(name, high, least=low, most=most)
    except (TypeError, ValueError):
        bound = "" if most is None else f" <= {most}"
        raise InvalidValue(
            f"`{name}` must be {kind} 0 < least <= largest{bound}. "
            f"Received: {name}={pair!r}"
        ) from None


def resize(images, size: int):
    """Returns whole images resized to a square, without any randomness.

    The filter is antialiased bilinear; the aspect ratio is not kept.

    Args:
        images: Tensor of shape (batch, height, width, channels), uint8 in [0, 255]
            or float in [0, 1]; for other dtypes see
            `kerassl.augment.image.values`.
        size: Side in pixels.

    Returns:
        float32 tensor (batch, size, size, channels) in [0, 1].

    Raises:
        ValueError: If `images` is no such batch.

    Example:
        >>> resize(tf.zeros((2, 48, 64, 3), tf.uint8), 32).shape
        TensorShape([2, 32, 32, 3])
    """
    check_images(images)
    images = to_unit(images)
    # Not `_transform`: a product with a constant matrix on its right can crash
    # in oneDNN (TensorFlow 2.21), seen in a parallel `Dataset.map` and eagerly.
    if images.dtype == tf.uint8:
        images = tf.cast(images, tf.float32) / 255.0
    resized = images
    if images.shape[1:3] != (size, size):  # else the filter changes nothing
        resized = tf.image.resize(images, (size, size), antialias=True)
    return tf.clip_by_value(tf.cast(resized, tf.float32), 0.0, 1.0)


def _transform(images, rows, columns):
    """Applies the matrices; returns values in [0, 1], (batch, channels, pixels)."""
    if images.dtype == tf.uint8:
        rows = rows / 255.0
    # Channels first, while the pixels are still bytes: the products are then
    # plain batched matrix products.
    planes = tf.cast(tf.transpose(images, (0, 3, 1, 2)), tf.float32)
    planes = tf.matmul(rows[:, None], planes)
    planes = tf.matmul(planes, columns[:, None], transpose_b=True)
    pixels = rows.shape[1] * columns.shape[1]
    return tf.reshape(planes, (-1, images.shape[-1], pixels))


def _factor(draw, strength):
    """Maps uniform draws to [max(0, 1 - strength), 1 + strength]."""
    low = tf.maximum(0.0, 1.0 - strength)
    return low + (1.0 + strength - low) * draw


def _choose(condition, a, b):
    """Takes `a` or `b` image by image, whatever their rank."""
    rank = max(len(a.shape), len(b.shape))
    return tf.where(tf.reshape(condition, (-1, *(1 for _ in range(rank - 1)))), a, b)


def _sides(images):
    shape = tf.shape(images)
    return images.shape[1] or shape[1], images.shape[2] or shape[2]
