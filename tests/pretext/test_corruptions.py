import keras
import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.data import digits
from kerassl.encoders import dense
from kerassl.models import Autoencoder
from kerassl.pretext import GaussianNoise, MaskingNoise, SaltAndPepperNoise
from kerassl.transfer import Reconstruction

SEED = tf.constant([3, 4], "int64")
LAYERS = [GaussianNoise(0.3), MaskingNoise(0.3), SaltAndPepperNoise(0.3)]
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda x: x.name)


def grey(batch=50, shape=(8, 8, 3)):
    return np.random.default_rng(0).uniform(0.2, 0.8, (batch, *shape)).astype("float32")


@every_layer
def test_the_target_is_clean_and_a_pure_function_makes_the_input(layer):
    x, y = layer(grey(), SEED)
    np.testing.assert_array_equal(y, grey())
    np.testing.assert_array_equal(layer.prepare(grey()), grey())
    assert x.shape == (50, 8, 8, 3) and not np.array_equal(x, y)
    dataset = tf.data.Dataset.from_tensors(grey())
    mapped, _ = next(iter(dataset.map(lambda images: layer(images, SEED))))
    np.testing.assert_array_equal(mapped, x)
    assert mapped.shape == x.shape
    assert not np.array_equal(layer(grey(), SEED + 1)[0], x)
    assert not np.array_equal(x[0] - y[0], x[1] - y[1])


def test_gaussian_noise_has_its_deviation_and_no_mean():
    x, y = GaussianNoise(0.3)(grey(), SEED)
    noise = np.array(x - y)
    np.testing.assert_allclose([noise.mean(), noise.std()], [0, 0.3], atol=0.01)


def test_masked_numbers_are_0_and_the_others_as_they_were():
    x, y = map(np.array, MaskingNoise(0.3)(grey(), SEED))
    masked = x == 0
    np.testing.assert_array_equal(x[~masked], y[~masked])
    np.testing.assert_allclose(masked.mean(), 0.3, atol=0.02)


def test_salt_and_pepper_are_as_frequent():
    x, y = map(np.array, SaltAndPepperNoise(0.3)(grey(), SEED))
    salt, pepper = x == 1, x == 0
    np.testing.assert_array_equal(x[~(salt | pepper)], y[~(salt | pepper)])
    np.testing.assert_allclose([salt.mean(), pepper.mean()], 0.15, atol=0.02)


@every_layer
def test_vectors_sizes_and_channels_are_those_of_reconstruction(layer):
    x, y = layer(grey(shape=(6,)), SEED)
    assert x.shape == y.shape == (50, 6)
    resized = type(layer)(size=4, channels=1)
    x, y = resized(np.zeros((3, 8, 8, 3), "uint8"), SEED)
    assert x.shape == y.shape == (3, 4, 4, 1)
    again = type(layer).from_config(resized.get_config())
    assert again.get_config() == resized.get_config()
    figure = layer.draw(grey(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 6


@pytest.mark.parametrize(
    ("layer", "name", "value"),
    [
        (GaussianNoise, "stddev", 0.0),
        (MaskingNoise, "rate", 0.0),
        (MaskingNoise, "rate", 1.0),
        (SaltAndPepperNoise, "rate", np.nan),
        (MaskingNoise, "size", 0),
        (GaussianNoise, "channels", 2),
    ],
)
def test_arguments_are_checked(layer, name, value):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        layer(**{name: value})


def test_a_denoising_autoencoder_beats_its_input_and_the_mean():
    task = Autoencoder(dense((8, 8, 1), (128,)), MaskingNoise(0.4))
    task.compile(keras.optimizers.Adam(5e-3))
    task.fit(task.dataset(digits(), 32), epochs=8, verbose=0)
    rows = Reconstruction()(task, digits(), digits("test")).rows
    errors = {row["model"]: row["squared_error"] for row in rows}
    found = errors["this one"]
    assert found < 0.6 * errors["mean of training"]
    assert found < 0.6 * errors["the input as it is"]
