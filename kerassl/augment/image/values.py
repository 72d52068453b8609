"""The values of images: which are taken for which brightness, which are refused.

| values | brightness |
|---|---|
| bool | False is 0, True is 1 |
| uint8 | divided by 255 |
| uint16 | divided by 65,535 |
| other integers, which say nothing of their range | 0 to 255, divided by 255 |
| floats | 0 to 1, as they are |

What lies outside is refused: clipped, it would be white or black.
"""

import numpy as np
import tensorflow as tf

from kerassl.checks import check_integer
from kerassl.errors import InvalidType, InvalidValue

# More pixels a side no encoder takes, and a batch of them fills the memory.
MAX_SIDE = 4096

# What a dtype's largest value is, where its range is one of brightness.
FULL = {tf.bool: 1, tf.uint8: 255, tf.uint16: 65_535}
# Of integers of any other dtype.
FULL_INTEGER = 255
# Integers that reach no more than this are shades of some other range: 0 and 1, or
# those of scikit-learn's digits.
DARK = 16
# Resampling and half precision may leave [0, 1] by so much.
SLACK = 1e-3


def check_side(name, side, least=1):
    """Raises ValueError unless a number of pixels can be the side of an image.

    Args:
        name: The user's argument.
        side: What was given for it.
        least: The least that it may be.

    Example:
        >>> check_side("size", 9_999_999)
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `size` must be an integer >= 1, at most 4096. \
Received: 9999999
    """
    check_integer(name, side, least=least, most=MAX_SIDE)


def check_images(images):
    """Raises an error that says what is wrong with a batch of images.

    Eagerly the values are looked at at once. In a graph, as in `Dataset.map`, a
    batch whose values are out of range fails when it comes.

    Args:
        images: Tensor of shape (batch, height, width, channels) with 1 or 3
            channels and values as this module has them.

    Raises:
        TypeError: If `images` is no tensor.
        ValueError: If the shape, the dtype or the values are refused.
        InvalidArgumentError: In a graph, for the values.

    Example:
        >>> check_images(np.full((1, 8, 8, 3), 200.0))
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `images` must hold floats in [0, 1]. Received \
values from 200 to 200: divide them by 255.
    """
    images = as_tensor(images)
    check_shape(images)
    check_range(images)


def check_shape(images):
    """Raises ValueError unless a tensor has the shape of a batch of images.

    Args:
        images: A tensor.

    Example:
        >>> check_shape(tf.zeros((4, 8, 8, 1)))
    """
    shape = images.shape
    if shape.rank != 4 or shape[-1] not in (1, 3) or 0 in shape[1:]:
        raise InvalidValue(
            "`images` must have the shape (batch, height, width, channels) with 1 "
            f"or 3 channels. Received: {_shown(shape)}"
        )


def check_range(images):
    """Raises an error unless values, of any shape, are ones of images.

    Args:
        images: A tensor.

    Raises:
        ValueError: If the values are out of range, NaN or no numbers.
        InvalidArgumentError: In a graph, for the values.

    Example:
        >>> check_range(tf.constant([0, 255]))
    """
    images = as_tensor(images)
    dtype = images.dtype
    if not (dtype == tf.bool or dtype.is_integer or dtype.is_floating):
        raise InvalidValue(
            "`images` must be integers in [0, 255], uint16 or floats in [0, 1]. "
            f"Received dtype: {dtype.name}"
        )
    if dtype in FULL:
        return  # whatever they are
    wanted, least, most = "floats in [0, 1]", -SLACK, 1 + SLACK
    if dtype.is_integer:
        wanted, least, most = f"integers in [0, {FULL_INTEGER}]", 0, FULL_INTEGER
    wanted = f"`images` must hold {wanted}."
    check_between(images, least, most, wanted, how_to_scale)
    if dtype.is_integer and tf.executing_eagerly():
        low, high = tf.reduce_min(images).numpy(), tf.reduce_max(images).numpy()
        if 0 < high <= DARK:
            raise InvalidValue(f"{wanted} {_received(low, high, how_to_scale)}")


def check_between(values, least, most, wanted, hint):
    """Raises an error unless all values lie in a range; NaN lies in none.

    Args:
        values: Tensor of numbers.
        least: The least that they may be.
        most: The most that they may be.
        wanted: The sentence that says what was expected.
        hint: Function from the least and the largest value to words on how to mend
            them, or None for none.

    Raises:
        ValueError: Eagerly.
        InvalidArgumentError: In a graph.

    Example:
        >>> check_between(tf.constant([2]), 0, 1, "`x` must be in [0, 1].", None)
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `x` must be in [0, 1]. Received values from 2 to 2.
    """
    # Two reductions cost least, and both keep NaN.
    low, high = tf.reduce_min(values), tf.reduce_max(values)
    if tf.executing_eagerly():
        low, high = low.numpy().item(), high.numpy().item()
        if not (values.shape.num_elements() == 0 or (low >= least and high <= most)):
            raise InvalidValue(f"{wanted} {_received(low, high, hint)}")
        return
    fits = (low >= tf.cast(least, low.dtype)) & (high <= tf.cast(most, low.dtype))
    parts = [f"{wanted} Received values from", low, "to", high]
    tf.cond(fits, tf.no_op, lambda: tf.debugging.Assert(False, parts))


def _shown(shape):
    return tuple(shape) if shape.rank is not None else "an unknown shape"


def _received(low, high, hint):
    if not np.isfinite(low) or not np.isfinite(high):
        return "Received NaN or infinity among them."
    ending = f": {hint(low, high)}" if hint else ""
    return f"Received values from {low:.6g} to {high:.6g}{ending}."


def how_to_scale(low, high):
    """Returns in words how to bring values to [0, 1].

    Args:
        low: The least value.
        high: The largest value.

    Example:
        >>> how_to_scale(0, 16.0), how_to_scale(-1.0, 1.0)
        ('divide them by 16', 'they must become (x + 1) / 2')
    """
    if low >= 0:
        if high <= 1:
            return "they must become floats"
        for full in (16, 255, 65_535):  # of scikit-learn's digits, 8 and 16 bits
            if 2 < high <= full:
                return f"divide them by {full}"
    if -1 - SLACK <= low and high <= 1 + SLACK:
        return "they must become (x + 1) / 2"
    return (
        "they must become (x - least) / (largest - least), floats, with the least and "
        "the largest value that there can be"
    )


def to_unit(images):
    """Returns images as floats in [0, 1], but for uint8, which stays as it is.

    Args:
        images: Images that `check_images` lets pass.

    Returns:
        uint8 tensor in [0, 255], or float tensor in [0, 1].

    Example:
        >>> to_unit(tf.constant([65535], tf.uint16)).numpy().tolist()
        [1.0]
    """
    images = as_tensor(images)
    if images.dtype == tf.uint8 or images.dtype.is_floating:
        return images
    return tf.cast(images, tf.float32) / FULL.get(images.dtype, FULL_INTEGER)


def as_tensor(images):
    """Returns images as a tensor, whatever holds them.

    Raises:
        TypeError: If they are no one tensor.
    """
    try:
        return tf.convert_to_tensor(images)
    except (TypeError, ValueError) as error:
        received = type(images).__name__
        if isinstance(images, dict):
            received = f"a dict with {sorted(map(str, images))}, give one of these"
        raise InvalidType(
            f"`images` must be one tensor of numbers. Received: {received}"
        ) from error
