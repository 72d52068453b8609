import numpy as np
import tensorflow as tf

from kerassl.pretext.image.tiles import cut_tiles, draw_integers, standardize


def test_tiles_are_the_parts_of_images_that_numpy_cuts():
    random = np.random.default_rng(0)
    images = random.random((3, 9, 11, 2), dtype="float32")
    top, left = random.integers(0, 6, (3, 4)), random.integers(0, 8, (3, 4))
    tiles = cut_tiles(images, tf.constant(top), tf.constant(left), 4)
    assert tiles.shape == (3, 4, 4, 4, 2)
    for i, (rows, columns) in enumerate(zip(top, left, strict=True)):
        for j, (t, c) in enumerate(zip(rows, columns, strict=True)):
            np.testing.assert_array_equal(tiles[i, j], images[i, t : t + 4, c : c + 4])


def test_each_channel_is_standardized_by_itself_and_a_flat_one_is_0():
    random = np.random.default_rng(0)
    images = random.random((2, 3, 8, 8, 3), dtype="float32") * [0.1, 1, 5]
    images[0, 0, ..., 1] = 0.3
    found = standardize(tf.constant(images, tf.float32)).numpy()
    np.testing.assert_allclose(found.mean((2, 3)), 0, atol=1e-5)
    std = found.std((2, 3))
    np.testing.assert_allclose(std[0, 0, 1], 0, atol=1e-4)
    std[0, 0, 1] = 1
    np.testing.assert_allclose(std, 1, rtol=1e-4)


def test_integers_reach_both_ends_equally_often():
    found = draw_integers((9000,), tf.constant([1, 2]), -1, 1).numpy()
    values, counts = np.unique(found, return_counts=True)
    assert values.tolist() == [-1, 0, 1]
    np.testing.assert_allclose(counts / 9000, 1 / 3, atol=0.02)
