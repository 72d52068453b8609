import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.augment.image.lab import rgb_to_lab
from kerassl.pretext import Colorize, RandomView

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=12, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def small(**options):
    return Colorize(8, (0.3, 1.0), jit_compile=False, **options)


def test_lightness_and_colours_are_those_of_one_view():
    x, colors, weights = small()(photos(), SEED)
    view = RandomView(8, (0.3, 1.0), jit_compile=False)(photos(), SEED)[0]["image"]
    lab = rgb_to_lab(view).numpy()
    np.testing.assert_allclose(50 * (x["lightness"] + 1), lab[..., :1], atol=1e-3)
    np.testing.assert_allclose(colors, lab[..., 1:], atol=1e-3)
    assert weights.numpy().tolist() == [1, 1, 1, 1]


def test_the_input_tells_nothing_of_the_colours():
    """Two colours of one lightness look the same to the bit."""
    images = photos().astype("float32") / 255
    x, colors, _ = small()(images, SEED)
    layer = small()
    lightness = layer.prepare(images)
    grey = layer.color(lightness, tf.zeros((4, 8, 8, 2)))
    np.testing.assert_allclose(layer.prepare(grey), lightness, atol=1e-4)
    # The encoder gets one channel, a function of L alone.
    assert x["lightness"].shape == (4, 8, 8, 1) and np.abs(colors).max() > 20


def test_grey_images_count_as_nothing():
    images = photos()
    images[1] = images[1, ..., :1]
    images[2] = images[2, ..., :1]
    images[2, :, :, 0] //= 2
    weights = small()(images, SEED)[2]
    assert weights.numpy().tolist() == [1, 0, 1, 1]
    assert small(least_chroma=100)(images, SEED)[2].numpy()[1:].tolist()[0] == 0


def test_colours_are_put_back():
    layer = Colorize(12, None, flip_rate=0.0, jit_compile=False)
    x, colors, _ = layer(photos(), SEED)
    restored = layer.color(x["lightness"], colors)
    np.testing.assert_allclose(restored, photos() / np.float32(255), atol=2e-3)
    small_map = layer.color(x["lightness"], tf.zeros((4, 3, 3, 2)))
    assert small_map.shape == (4, 12, 12, 3)
    np.testing.assert_allclose(np.ptp(small_map, axis=-1), 0, atol=2e-3)


def test_grey_images_are_prepared_too():
    grey = photos(channels=1)
    np.testing.assert_allclose(
        small().prepare(grey), small().prepare(grey.repeat(3, -1)), atol=1e-6
    )
    message = "^`images` must have 3 channels.*Received shape: .*1\\)$"
    with pytest.raises(ValueError, match=message):
        small()(grey, SEED)


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = small()
    dataset = tf.data.Dataset.from_tensors(photos())
    x, colors, weights = next(iter(dataset.map(lambda images: layer(images, SEED))))
    alone = layer(photos(), SEED)
    np.testing.assert_allclose(x["lightness"], alone[0]["lightness"], atol=1e-5)
    np.testing.assert_allclose(colors, alone[1], atol=1e-2)
    assert colors.shape == (4, 8, 8, 2) and weights.shape == (4,)


def test_config_round_trip_and_picture():
    layer = Colorize(8, (0.5, 0.9), (1.0, 1.0), 0.2, 7.0, 3, jit_compile=False)
    again = Colorize.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    figure = layer.draw(photos(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 9


@pytest.mark.parametrize(
    "arguments",
    [{"size": 0}, {"crop_scale": (0.0, 1.0)}, {"least_chroma": -1}, {"channels": 1}],
)
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must"):
        Colorize(**arguments)
