"""Colour changes as one 3x3 matrix and one offset an image."""

import math

import numpy as np
import tensorflow as tf

_LUMA = np.array([0.299, 0.587, 0.114], "float32")
_TO_YIQ = np.array(
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
)
# Every colour splits into its grey and a rest without luma. `_TURN` rotates
# that rest by a quarter turn of hue.
_GREY = np.outer(np.ones(3), _LUMA).astype("float32")
_REST = np.eye(3, dtype="float32") - _GREY
_QUARTER = np.array([[0, 0, 0], [0, 0, 1], [0, -1, 0]])
_TURN = (np.linalg.inv(_TO_YIQ) @ _QUARTER @ _TO_YIQ).astype("float32") @ _REST


def color_matrix(gain, saturation, hue):
    """Returns the matrices that scale, saturate and turn colours.

    Args:
        gain: Float tensor (batch,), factor of brightness, 0 or above.
        saturation: Float tensor (batch,), 0 for greyscale, 1 for no change.
        hue: Float tensor (batch,), turn of the hue in full turns.

    Returns:
        Float tensor (batch, 3, 3) that left-multiplies RGB columns.

    Example:
        >>> one = tf.ones(1)
        >>> np.allclose(color_matrix(one, one, 0 * one)[0], np.eye(3), atol=1e-5)
        True
    """
    angle = 2.0 * math.pi * hue
    cosine = (saturation * tf.cos(angle))[:, None, None]
    sine = (saturation * tf.sin(angle))[:, None, None]
    return gain[:, None, None] * (_GREY + cosine * _REST + sine * _TURN)


def mean_luma(images):
    """Returns the mean brightness of each image.

    Args:
        images: Float tensor (batch, channels, pixels), 1 or 3 channels.

    Returns:
        Float tensor (batch,).

    Example:
        >>> mean_luma(tf.ones((2, 3, 16))).shape
        TensorShape([2])
    """
    means = tf.reduce_mean(images, axis=2)  # (batch, channels)
    if images.shape[1] == 1:
        return means[:, 0]
    return tf.linalg.matvec(means, _LUMA)


def adjust_color(images, brightness, contrast, saturation, hue):
    """Returns images with changed brightness, contrast, saturation and hue.

    Contrast is relative to the image's own mean luma. Without clipping in
    between, the order of the four does not matter; values may leave [0, 1].

    Args:
        images: Float tensor (batch, channels, pixels). One channel keeps
            brightness and contrast; three are RGB.
        brightness: Float tensor (batch,), factor, 1 for no change.
        contrast: Float tensor (batch,), factor, 1 for no change.
        saturation: Float tensor (batch,), factor, 0 for greyscale.
        hue: Float tensor (batch,), in full turns.

    Returns:
        Float tensor shaped as `images`.

    Example:
        >>> one = tf.ones(2)
        >>> adjust_color(tf.ones((2, 3, 16)), one, one, one, 0 * one).shape
        TensorShape([2, 3, 16])
    """
    offset = brightness * (1.0 - contrast) * mean_luma(images)
    gain = brightness * contrast
    if images.shape[1] == 1:
        changed = gain[:, None, None] * images
    else:
        changed = tf.matmul(color_matrix(gain, saturation, hue), images)
    return changed + offset[:, None, None]
