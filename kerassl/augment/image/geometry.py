"""Crop, resize, flip and blur as one row matrix and one column matrix an image.

All four are linear and separable, so a whole chain of them is
`rows @ image @ columns^T`: two batched matrix products for a batch in which
every image has its own crop, flip and blur.
"""

import tensorflow as tf

# Draws of one crop: (area, ratio) for each try, then the position.
CROP_TRIES = 10
CROP_DRAWS = 2 * CROP_TRIES + 2


def crop_boxes(draws, height, width, scale, ratio):
    """Returns random boxes of a random share of the area and aspect ratio.

    The share is uniform, the ratio uniform in its logarithm. A box that does
    not fit is drawn again, up to 10 times; after that comes the largest
    centred box whose ratio is allowed. Edges need not lie on whole pixels.

    Args:
        draws: Float tensor (batch, CROP_DRAWS), uniform in [0, 1).
        height: Image height in pixels.
        width: Image width in pixels.
        scale: Pair, least and largest share of the area, in (0, 1].
        ratio: Pair, least and largest width / height, above 0.

    Returns:
        Float tensor (batch, 4): top, left, height and width in pixels.

    Example:
        >>> draws = tf.random.stateless_uniform((5, CROP_DRAWS), (0, 1))
        >>> crop_boxes(draws, 32, 32, scale=(0.2, 1.0), ratio=(1.0, 1.0)).shape
        TensorShape([5, 4])
    """
    height, width = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    low, high = tf.math.log(float(ratio[0])), tf.math.log(float(ratio[1]))
    share = scale[0] + (scale[1] - scale[0]) * draws[:, :CROP_TRIES]
    aspect = tf.exp(low + (high - low) * draws[:, CROP_TRIES : 2 * CROP_TRIES])
    area = share * height * width
    # Rounding alone must not refuse the box that is the whole image.
    slack = 1.0 + 1e-5
    box_h, box_w = tf.sqrt(area / aspect), tf.sqrt(area * aspect)  # (batch, tries)
    fits = (box_h <= height * slack) & (box_w <= width * slack)
    first = tf.argmax(tf.cast(fits, tf.int32), axis=1, output_type=tf.int32)
    chosen = tf.one_hot(first, CROP_TRIES)
    box_h = tf.reduce_sum(box_h * chosen, axis=1)
    box_w = tf.reduce_sum(box_w * chosen, axis=1)

    whole_ratio = tf.clip_by_value(width / height, tf.exp(low), tf.exp(high))
    any_fits = tf.reduce_any(fits, axis=1)
    box_h = tf.where(any_fits, box_h, tf.minimum(height, width / whole_ratio))
    box_w = tf.where(any_fits, box_w, tf.minimum(width, height * whole_ratio))
    box_h, box_w = tf.minimum(box_h, height), tf.minimum(box_w, width)
    position = tf.where(any_fits[:, None], draws[:, -2:], 0.5)
    top = position[:, 0] * (height - box_h)
    left = position[:, 1] * (width - box_w)
    return tf.stack([top, left, box_h, box_w], axis=-1)


def resize_matrix(start, length, source, target):
    """Returns the matrices that resample part of a line of pixels.

    The filter is a triangle that widens when the line shrinks (antialiased
    bilinear). Next to the part's ends it reads the real neighbouring pixels.

    Args:
        start: Float tensor (batch,), where the part begins, in pixels.
        length: Float tensor (batch,), the part's length, in pixels.
        source: Pixels in the line.
        target: Pixels wanted.

    Returns:
        Float tensor (batch, target, source) whose rows sum to 1.

    Example:
        >>> halve = resize_matrix(tf.zeros(1), 4.0 * tf.ones(1), 4, 2)
        >>> halve.shape
        TensorShape([1, 2, 4])
    """
    step = length / tf.cast(target, tf.float32)
    targets = tf.range(target, dtype=tf.float32) + 0.5
    centers = start[:, None] + targets * step[:, None]  # (batch, target)
    pixels = tf.cast(tf.range(source), tf.float32) + 0.5
    reach = tf.maximum(step, 1.0)[:, None, None]
    weights = tf.nn.relu(1.0 - tf.abs(pixels - centers[..., None]) / reach)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def blur_matrix(sigma, size, radius):
    """Returns the matrices that blur a line of pixels with a Gaussian.

    At the line's ends the weights that remain are made to sum to 1, so that
    nothing darkens there.

    Args:
        sigma: Float tensor (batch,), standard deviation in pixels, above 0.
        size: Pixels in the line.
        radius: Pixels read on either side.

    Returns:
        Float tensor (batch, size, size) whose rows sum to 1.

    Example:
        >>> blur_matrix(tf.constant([0.5, 2.0]), 8, radius=2).shape
        TensorShape([2, 8, 8])
    """
    pixels = tf.range(size, dtype=tf.float32)
    distance = tf.abs(pixels[:, None] - pixels)
    weights = tf.exp(-tf.square(distance) / (2.0 * tf.square(sigma[:, None, None])))
    weights = tf.where(distance <= radius, weights, 0.0)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def coarse_matrix(sides, size):
    """Returns the matrices that shrink a line of pixels and enlarge it again.

    Both by the antialiased triangle of `resize_matrix`.

    Args:
        sides: Float tensor (batch,) of whole numbers, to how many pixels the line is
            shrunk, from 1 to `size`.
        size: Pixels in the line.

    Returns:
        Float tensor (batch, size, size) whose rows sum to 1.

    Example:
        >>> coarse_matrix(tf.constant([1.0]), 2)[0].numpy().tolist()
        [[0.5, 0.5], [0.5, 0.5]]
    """
    sides = tf.cast(sides, tf.float32)[:, None, None]
    pixels = tf.range(size, dtype=tf.float32) + 0.5
    # Of `size` places of the short line only the first `sides` are there.
    centers = pixels[:, None] * size / sides
    there = tf.cast(pixels < sides, tf.float32)  # (batch, 1, places)
    shrink = tf.nn.relu(1.0 - tf.abs(pixels - centers) * sides / size)
    enlarge = tf.nn.relu(1.0 - tf.abs(pixels[:, None] * sides / size - pixels)) * there
    shrink /= tf.maximum(tf.reduce_sum(shrink, axis=-1, keepdims=True), 1e-6)
    enlarge /= tf.reduce_sum(enlarge, axis=-1, keepdims=True)
    return tf.matmul(enlarge, shrink)
