import numpy as np
import pytest
import tensorflow as tf

from kerassl.augment.image.geometry import (
    CROP_DRAWS,
    blur_matrix,
    crop_boxes,
    resize_matrix,
)


def boxes(height, width, scale, ratio, batch=2000):
    draws = tf.random.stateless_uniform((batch, CROP_DRAWS), (1, 2))
    return crop_boxes(draws, height, width, scale, ratio).numpy().T


def test_boxes_lie_inside_and_keep_to_their_ranges():
    top, left, height, width = boxes(40, 60, (0.2, 0.7), (0.5, 2.0))
    assert (top >= 0).all() and (left >= 0).all()
    assert (top + height <= 40 + 1e-3).all() and (left + width <= 60 + 1e-3).all()
    share, ratio = height * width / 2400, width / height
    assert (share > 0.199).all() and (share < 0.701).all()
    assert (ratio > 0.499).all() and (ratio < 2.001).all()
    assert abs(np.log(ratio).mean()) < 0.15


def test_area_is_uniform_where_every_box_fits():
    _, _, height, width = boxes(30, 30, (0.2, 0.6), (0.9, 1.1))
    share = height * width / 900
    assert abs(share.mean() - 0.4) < 0.01
    assert abs(share.std() - 0.4 / np.sqrt(12)) < 0.01


def test_full_scale_is_the_whole_image():
    expected = np.tile([[0], [0], [32], [32]], 2000)
    np.testing.assert_allclose(boxes(32, 32, (1, 1), (1, 1)), expected, atol=1e-3)


def test_impossible_boxes_become_the_largest_centred_one():
    top, left, height, width = boxes(32, 96, (1, 1), (1, 1))
    np.testing.assert_allclose(height, 32)
    np.testing.assert_allclose(width, 32)
    np.testing.assert_allclose(left, 32)
    np.testing.assert_allclose(top, 0)


@pytest.mark.parametrize("start, length, target", [(0, 9, 9), (1.3, 6.1, 4), (2, 3, 8)])
def test_resampling_matches_tensorflow(start, length, target):
    line = np.random.default_rng(0).random(9).astype("float32")
    matrix = resize_matrix(
        tf.constant([float(start)]), tf.constant([float(length)]), 9, target
    )
    scale = target / length
    expected = tf.raw_ops.ScaleAndTranslate(
        images=line[None, :, None, None] * np.ones((1, 1, 2, 1), "float32"),
        size=[target, 2],
        scale=[scale, 1.0],
        translation=[-start * scale, 0.0],
        kernel_type="triangle",
        antialias=True,
    )[0, :, 0, 0]
    np.testing.assert_allclose(matrix[0] @ line[:, None], expected[:, None], atol=1e-5)


def test_same_length_is_the_identity():
    matrix = resize_matrix(tf.zeros(1), 7.0 * tf.ones(1), 7, 7)
    np.testing.assert_allclose(matrix[0], np.eye(7), atol=1e-6)


def test_blur_keeps_brightness_and_spreads_a_point():
    matrix = blur_matrix(tf.constant([0.1, 1.5]), 9, radius=2).numpy()
    np.testing.assert_allclose(matrix.sum(-1), 1, rtol=1e-6)
    np.testing.assert_allclose(matrix[0], np.eye(9), atol=1e-6)
    point = matrix[1][:, 4]
    assert (point[[0, 1, 7, 8]] == 0).all()  # beyond the radius
    np.testing.assert_allclose(point[3] / point[4], np.exp(-1 / 4.5), rtol=1e-5)


def test_a_coarse_line_is_what_resizing_there_and_back_gives():
    from kerassl.augment.image.geometry import coarse_matrix

    line = np.random.default_rng(0).random((1, 12), dtype="float32")
    for side in (1, 5, 12):
        sides, whole = tf.ones(1) * side, tf.zeros(1)
        down = resize_matrix(whole, 12.0 * tf.ones(1), 12, side)
        up = resize_matrix(whole, sides, side, 12)
        expected = tf.linalg.matvec(up @ down, line)
        found = tf.linalg.matvec(coarse_matrix(sides, 12), line)
        np.testing.assert_allclose(found, expected, atol=1e-5)
