import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.pretext import NextPixel

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=6, channels=1):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def test_256_shades_are_those_of_8_bits():
    images = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    x, y = NextPixel()(images, SEED)
    np.testing.assert_array_equal(y, images[..., 0])
    np.testing.assert_allclose(x["pixels"], images / 127.5 - 1, atol=1e-6)


def test_two_shades_are_parted_in_the_middle():
    x, y = NextPixel(levels=2)(photos(), SEED)
    np.testing.assert_array_equal(y, photos()[..., 0] >= 128)
    np.testing.assert_array_equal(x["pixels"][..., 0], 2 * y - 1)


def test_shades_are_equal_steps():
    ramp = np.linspace(0, 1, 1000, dtype="float32").reshape(1, 10, 100, 1)
    x, y = NextPixel(levels=5)(ramp, SEED)
    assert np.bincount(y.numpy().ravel()).tolist() == [200] * 5
    assert np.unique(x["pixels"]).tolist() == [-1, -0.5, 0, 0.5, 1]


def test_colours_are_turned_grey_and_images_resized():
    layer = NextPixel(8, levels=4)
    x, y = layer(photos(channels=3), SEED)
    assert x["pixels"].shape == (4, 8, 8, 1) and y.shape == (4, 8, 8)
    np.testing.assert_array_equal(layer.prepare(photos(channels=3)), x["pixels"])


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = NextPixel(levels=3)
    dataset = tf.data.Dataset.from_tensors(photos())
    x, y = next(iter(dataset.map(lambda images: layer(images, SEED))))
    alone = layer(photos(), SEED)
    np.testing.assert_array_equal(x["pixels"], alone[0]["pixels"])
    np.testing.assert_array_equal(y, alone[1])


def test_config_round_trip_and_picture():
    layer = NextPixel(8, levels=3)
    assert NextPixel.from_config(layer.get_config()).get_config() == layer.get_config()
    figure = layer.draw(photos(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 6


@pytest.mark.parametrize("arguments", [{"size": 0}, {"levels": 1}, {"levels": 257}])
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must"):
        NextPixel(**arguments)
