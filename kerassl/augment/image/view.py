"""Random views of a whole batch of images, the augmentation of SimCLR."""

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

    They are drawn apart from `render_view`, because XLA and TensorFlow give
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


def random_view(images, seed, size: int, **options):
    """Returns one random view of each image, a function of `seed` alone.

    Args:
        images: Tensor of shape (batch, height, width, channels), uint8 in [0, 255]
            or float in [0, 1]; for other dtypes see
            `kerassl.augment.image.values`.
        seed: Integer tensor of shape (2,). Other seeds, other views; every
            image of the batch gets its own.
        size: Side of the square views in pixels.
        **options: The keyword arguments of `render_view`.

    Returns:
        float32 tensor (batch, size, size, channels) in [0, 1].

    Example:
        >>> images = tf.zeros((4, 40, 32, 3), tf.uint8)
        >>> random_view(images, (0, 1), 32, blur_rate=0.0).shape
        TensorShape([4, 32, 32, 3])
    """
    check_images(images)
    images = as_tensor(images)
    batch_size = images.shape[0] or tf.shape(images)[0]
    return render_view(images, view_draws(seed, batch_size), size, **options)


def render_view(
    images,
    draws,
    size: int,
    crop_scale: tuple[float, float] | None = (0.08, 1.0),
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3),
    flip_rate: float = 0.5,
    color_rate: float = 0.8,
    color_strength: float = 1.0,
    grayscale_rate: float = 0.2,
    blur_rate: float = 0.5,
    solarize_rate: float = 0.0,
):
    """Returns the views of a batch that given random numbers choose.

    In order: crop and antialiased resize, horizontal flip, jitter of
    brightness, contrast, saturation and hue, greyscale, Gaussian blur,
    clipping to [0, 1], solarisation. Two departures from the paper, both
    because each image then needs one colour matrix: hue turns about the grey
    axis (not in HSV), and values are clipped once, at the end.

    Args:
        images: As `random_view` takes them. In a graph their values are not looked
            at: `check_images` does. Saturation, hue and greyscale have no meaning
            for one channel and are left out.
        draws: Float tensor (batch, VIEW_DRAWS) from `view_draws`.
        size: Side of the square views in pixels.
        crop_scale: Least and largest share of the area kept, in (0, 1], or
            None for the whole image.
        crop_ratio: Least and largest width / height of the crop.
        flip_rate: Share of images flipped left to right.
        color_rate: Share of images whose colours are jittered.
        color_strength: Strength of the jitter: factors of brightness,
            contrast and saturation within 1 +- 0.8 strength, hue within
            +- 0.2 strength of a full turn.
        grayscale_rate: Share of images turned to greyscale.
        blur_rate: Share of images blurred, with a standard deviation in
            [0.1, 2] pixels and a kernel of a tenth of `size`.
        solarize_rate: Share of images whose values from 0.5 up are inverted.

    Returns:
        float32 tensor (batch, size, size, channels) in [0, 1].

    Raises:
        ValueError: If `images` is no such batch, or an option is out of range.

    Example:
        >>> images = tf.zeros((4, 8, 8, 1))
        >>> render_view(images, view_draws((0, 1), 4), 8, flip_rate=0.0).shape
        TensorShape([4, 8, 8, 1])

    Reference:
        Chen et al., 2020, appendix A, https://arxiv.org/abs/2002.05709
    """
    images = as_tensor(images)
    check_shape(images)
    if tf.executing_eagerly():  # who calls this in a graph has looked at the values
        check_range(images)
    images = to_unit(images)
    check_view_options(
        crop_scale=crop_scale,
        crop_ratio=crop_ratio,
        color_strength=color_strength,
        flip_rate=flip_rate,
        color_rate=color_rate,
        grayscale_rate=grayscale_rate,
        blur_rate=blur_rate,
        solarize_rate=solarize_rate,
    )
    (flip, jitter, brightness, contrast, saturation, hue, gray, blur, sigma, solar) = (
        tf.unstack(draws[:, CROP_DRAWS:], axis=1)
    )
    height, width = _sides(images)
    if crop_scale is None:
        top, left = tf.zeros_like(flip), tf.zeros_like(flip)
        box_h = top + tf.cast(height, tf.float32)
        box_w = top + tf.cast(width, tf.float32)
    else:
        boxes = crop_boxes(draws[:, :CROP_DRAWS], height, width, crop_scale, crop_ratio)
        top, left, box_h, box_w = tf.unstack(boxes, axis=1)
    rows = resize_matrix(top, box_h, height, size)
    columns = resize_matrix(left, box_w, width, size)
    if flip_rate > 0:
        columns = _choose(flip < flip_rate, columns[:, ::-1], columns)
    if blur_rate > 0:
        blurring = blur_matrix(0.1 + 1.9 * sigma, size, max(1, size // 20))
        blurring = _choose(blur < blur_rate, blurring, tf.eye(size))
        rows, columns = blurring @ rows, blurring @ columns

    views = _transform(images, rows, columns)  # (batch, channels, pixels)
    if color_rate * color_strength > 0 or grayscale_rate > 0:
        strength = tf.where(jitter < color_rate, float(color_strength), 0.0)
        views = adjust_color(
            views,
            _factor(brightness, 0.8 * strength),
            _factor(contrast, 0.8 * strength),
            tf.where(gray < grayscale_rate, 0.0, _factor(saturation, 0.8 * strength)),
            0.2 * strength * (2.0 * hue - 1.0),
        )
    views = tf.transpose(views, (0, 2, 1))
    views = tf.clip_by_value(views, 0.0, 1.0)
    if solarize_rate > 0:
        inverted = tf.where(views < 0.5, views, 1.0 - views)
        views = _choose(solar < solarize_rate, inverted, views)
    return tf.reshape(views, (-1, size, size, images.shape[-1]))


def check_view_options(crop_scale, crop_ratio, color_strength, **rates):
    """Raises an error that names the first option of a view out of its range.

    Args:
        crop_scale: None, or a pair 0 < least <= largest <= 1.
        crop_ratio: A pair 0 < least <= largest.
        color_strength: In [0, 5], so that a hue turns by one turn at most.
        **rates: Shares of the images, each in [0, 1].

    Raises:
        ValueError: If an option is out of its range.

    Example:
        >>> check_view_options((0.2, 1.0), (1.0, 1.0), 1.0, flip_rate=0.5)
    """
    if crop_scale is not None:
        _check_pair("crop_scale", crop_scale, "None or a pair", most=1)
    _check_pair("crop_ratio", crop_ratio, "a pair")
    check_number("color_strength", color_strength, least=0, most=5)
    for name, rate in rates.items():
        check_number(name, rate, least=0, most=1)


def _check_pair(name, pair, kind, most=None):
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
