import numpy as np
import pytest
import tensorflow as tf

from kerassl.layers import VectorQuantizer
from kerassl.layers.vector_quantizer import evenly_spaced


def made(num_codes=5, dim=3, **options):
    layer = VectorQuantizer(num_codes, **options)
    layer.build((None, dim))
    return layer


def vectors(shape=(4, 6, 3)):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_each_vector_becomes_the_nearest_code():
    layer, x = made(), vectors()
    codes, numbers = map(np.array, layer(x))
    book = np.array(layer.codes)
    expected = np.square(x[:, :, None] - book).sum(axis=-1).argmin(axis=-1)
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_allclose(codes, book[expected], rtol=1e-5, atol=1e-6)


def test_the_gradient_goes_straight_through():
    layer, x = made(), tf.constant(vectors())
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(layer(x)[0] ** 2)
    gradient = tape.gradient(loss, x)
    np.testing.assert_allclose(gradient, 2 * layer(x)[0], rtol=1e-5)
    assert not layer.trainable_variables


@pytest.mark.parametrize("restart", [0.0, 4.0])
def test_codes_are_moving_averages_of_their_vectors(restart):
    layer, x = made(decay=0.75, restart=restart), vectors()
    codes = np.array(layer.codes)
    counts, sums = np.zeros(5), np.zeros((5, 3))
    rows = x.reshape(-1, 3)
    for _ in range(3):
        _, numbers = layer(x)
        layer.follow(x, numbers)
        numbers = np.array(numbers).ravel()
        for k in range(5):
            mine = rows[numbers == k]
            counts[k] = 0.75 * counts[k] + 0.25 * len(mine)
            sums[k] = 0.75 * sums[k] + 0.25 * mine.sum(axis=0)
            if counts[k] < restart:
                counts[k], sums[k] = restart, restart * rows[k * len(rows) // 5]
            if counts[k] > 0:
                codes[k] = sums[k] / counts[k]
        np.testing.assert_allclose(layer.codes, codes, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "count, length", [(5, 24), (5, 3), (8192, 2**18), (4096, 10**6)]
)
def test_codes_begin_anew_all_over_a_batch(count, length):
    found = np.array(evenly_spaced(count, length))
    np.testing.assert_array_equal(
        found, np.arange(count, dtype="int64") * length // count
    )


def test_without_a_restart_an_unchosen_code_stays():
    layer = made(restart=0.0)
    layer.codes.assign(np.eye(5, 3) + 9 * np.arange(5)[:, None])
    before = np.array(layer.codes)
    x = np.zeros((4, 3), "float32")
    layer.follow(x, layer(x)[1])
    np.testing.assert_array_equal(np.array(layer.codes)[1:], before[1:])
    np.testing.assert_array_equal(np.array(layer.codes)[0], 0)


def test_config_round_trip_and_errors():
    layer = made(decay=0.5, restart=2.0)
    again = VectorQuantizer.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for options in ({"num_codes": 0}, {"decay": 1.0}, {"restart": -1.0}):
        with pytest.raises(ValueError, match=f"`{next(iter(options))}` must"):
            VectorQuantizer(**options)
