import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.pretext import RandomView, Rotation

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=12, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def test_copies_are_exact_quarter_turns_of_one_view():
    layer = Rotation(8, crop_scale=(0.3, 1.0), jit_compile=False)
    x, y = layer(photos(), SEED)
    tiles = x["tiles"].numpy()
    assert tiles.shape == (4, 4, 1, 8, 8, 3)
    np.testing.assert_array_equal(y, np.tile(np.arange(4), (4, 1)))
    for turns in range(4):
        expected = np.rot90(tiles[:, 0, 0], turns, axes=(1, 2))
        np.testing.assert_array_equal(tiles[:, turns, 0], expected)  # to the bit


def test_the_view_is_a_square_crop_or_the_whole_image():
    layer = Rotation(8, crop_scale=(0.3, 1.0), jit_compile=False)
    view = RandomView(8, (0.3, 1.0), (1.0, 1.0), jit_compile=False)
    upright = layer(photos(), SEED)[0]["tiles"][:, 0, 0]
    np.testing.assert_array_equal(upright, view(photos(), SEED)[0]["image"])
    for rate, step in ((0.0, 1), (1.0, -1)):
        layer = Rotation(12, flip_rate=rate, jit_compile=False)
        whole = layer(photos(), SEED)[0]["tiles"][:, 0, 0]
        np.testing.assert_allclose(
            whole, photos()[:, :, ::step] / np.float32(255), atol=1e-5
        )


def test_values_are_scaled_as_the_encoder_takes_them():
    layer = Rotation(12, None, 0.0, mean=[0.5], std=[0.25], jit_compile=False)
    upright = layer(photos(), SEED)[0]["tiles"][:, 0, 0]
    expected = (photos() / np.float32(255) - 0.5) / 0.25
    np.testing.assert_allclose(upright, expected, atol=1e-4)
    np.testing.assert_allclose(layer.prepare(photos()), expected, atol=1e-4)


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = Rotation(8, (0.3, 1.0), jit_compile=False)
    dataset = tf.data.Dataset.from_tensors(photos())
    x, y = next(iter(dataset.map(lambda images: layer(images, SEED))))
    tiles, classes = layer(photos(), SEED)
    np.testing.assert_allclose(x["tiles"], tiles["tiles"], atol=1e-6)
    np.testing.assert_array_equal(y, classes)
    assert x["tiles"].shape == (4, 4, 1, 8, 8, 3) and y.shape == (4, 4)


def test_config_round_trip_and_picture():
    layer = Rotation(8, (0.5, 0.9), 0.2, mean=[0.1], std=[0.2], jit_compile=False)
    again = Rotation.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["tiles"], layer(photos(), SEED)[0]["tiles"]
    )
    figure = layer.draw(photos(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 15


def test_only_square_images():
    message = "^`images` must be square.* Received: 12 x 10$"
    with pytest.raises(ValueError, match=message):
        Rotation(8)(photos()[:, :, :10], SEED)


@pytest.mark.parametrize(
    "arguments",
    [{"size": 0}, {"crop_scale": (0.0, 1.0)}, {"flip_rate": 1.5}, {"std": [0.0]}],
)
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must"):
        Rotation(**arguments)
