"""CIE L*a*b*: lightness, and two axes of colour, of which L says nothing."""

import numpy as np
import tensorflow as tf

# Of linear sRGB to XYZ, and the white that both have, D65 seen by 2 degrees.
_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ],
    "float32",
)
_WHITE = np.array([0.95047, 1.0, 1.08883], "float32")
# Where the curves of sRGB and of L*a*b* go on as straight lines.
_DARK, _DARK_LINEAR = 0.04045, 0.0031308
_SMALL, _SLOPE, _OFFSET = 0.008856, 7.787, 16.0 / 116.0
# The least and the largest value that a colour of sRGB has.
LEAST = (0.0, -86.183, -107.857)
MOST = (100.0, 98.233, 94.478)


def rgb_to_lab(images):
    """Returns the L*a*b* values of sRGB colours.

    Args:
        images: Float tensor (..., 3) in [0, 1].

    Returns:
        float32 tensor of the same shape: lightness L in [0, 100], a (green to red)
        and b (blue to yellow) between `LEAST` and `MOST`; grey has 0 in both.

    Example:
        >>> rgb_to_lab(tf.constant([[1.0, 0.0, 0.0]])).numpy().round(1).tolist()
        [[53.20000076293945, 80.0999984741211, 67.19999694824219]]
    """
    images = tf.cast(images, tf.float32)
    linear = tf.where(
        images > _DARK,
        # No power of less than that, whose slope where it is not taken is infinite.
        tf.pow((tf.maximum(images, _DARK) + 0.055) / 1.055, 2.4),
        images / 12.92,
    )
    x = tf.einsum("...c,dc->...d", linear, _TO_XYZ) / _WHITE
    f = tf.where(
        x > _SMALL, tf.pow(tf.maximum(x, _SMALL), 1.0 / 3.0), _SLOPE * x + _OFFSET
    )
    x, y, z = tf.unstack(f, axis=-1)
    return tf.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def lab_to_rgb(images):
    """Returns the sRGB colours of L*a*b* values, the nearest where there is none.

    Args:
        images: Float tensor (..., 3), as `rgb_to_lab` gives them.

    Returns:
        float32 tensor of the same shape in [0, 1].

    Example:
        >>> lab_to_rgb(tf.constant([[100.0, 0.0, 0.0]])).numpy().round(2).tolist()
        [[1.0, 1.0, 1.0]]
    """
    lightness, a, b = tf.unstack(tf.cast(images, tf.float32), axis=-1)
    y = (lightness + 16.0) / 116.0
    f = tf.stack([y + a / 500.0, y, y - b / 200.0], axis=-1)
    edge = _SMALL ** (1.0 / 3.0)
    x = tf.where(f > edge, tf.pow(f, 3.0), (f - _OFFSET) / _SLOPE) * _WHITE
    linear = tf.einsum("...c,dc->...d", x, np.linalg.inv(_TO_XYZ))
    curved = 1.055 * tf.pow(tf.maximum(linear, _DARK_LINEAR), 1.0 / 2.4) - 0.055
    return tf.clip_by_value(
        tf.where(linear > _DARK_LINEAR, curved, 12.92 * linear), 0.0, 1.0
    )


def scaled_lab(images):
    """Returns sRGB colours as L, a and b, each scaled to [-1, 1] by a fixed range.

    The range is that of all colours, the same for every image: scaled by its own,
    a grey image would be as colourful as any.

    Args:
        images: Float tensor (..., 3) in [0, 1].

    Returns:
        float32 tensor of the same shape in [-1, 1].

    Example:
        >>> scaled_lab(tf.constant([[0.0, 0.0, 0.0]])).numpy()[0, 0].item()
        -1.0
    """
    middle, half = _range()
    return tf.clip_by_value((rgb_to_lab(images) - middle) / half, -1.0, 1.0)


def unscaled_lab(images):
    """Returns the sRGB colours of what `scaled_lab` gives.

    Args:
        images: Float tensor (..., 3) in [-1, 1].

    Returns:
        float32 tensor of the same shape in [0, 1].

    Example:
        >>> colour = tf.constant([[0.2, 0.4, 0.6]])
        >>> unscaled_lab(scaled_lab(colour)).numpy().round(3).tolist() == [
        ...     [0.20000000298023224, 0.4000000059604645, 0.6000000238418579]
        ... ]
        True
    """
    middle, half = _range()
    return lab_to_rgb(images * half + middle)


def _range():
    least, most = np.float32(LEAST), np.float32(MOST)
    return (least + most) / 2, (most - least) / 2
