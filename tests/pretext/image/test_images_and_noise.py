import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.pretext import ImagesAndNoise

SEED = tf.constant([3, 4], "int64")
KEYS = {"images", "discriminator_noise", "generator_noise", "epsilon"}


def photos(batch=4, side=8, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def test_images_are_scaled_to_the_range_of_tanh():
    layer = ImagesAndNoise()
    ends = np.array([0, 255], "uint8").reshape(1, 1, 2, 1)
    np.testing.assert_allclose(np.ravel(layer.prepare(ends)), [-1.0, 1.0])
    np.testing.assert_allclose(np.ravel(layer.prepare(ends / 255.0)), [-1.0, 1.0])
    (x,) = layer(photos(), SEED)
    np.testing.assert_array_equal(x["images"], layer.prepare(photos()))
    assert ImagesAndNoise(4, 1).prepare(photos()).shape == (4, 4, 4, 1)


def test_players_have_noise_of_their_own():
    layer = ImagesAndNoise(noise_dim=6)
    (x,) = layer(photos(), SEED)
    (other,) = layer(photos(), SEED + 1)
    assert set(x) == KEYS
    assert x["generator_noise"].shape == x["discriminator_noise"].shape == (4, 6)
    assert x["epsilon"].shape == (4, 1, 1, 1)
    first = np.ravel(x["generator_noise"])
    for second in (x["discriminator_noise"], other["generator_noise"]):
        assert not np.isclose(first, np.ravel(second)).any()


@pytest.mark.parametrize(
    ("noise", "low", "high", "std", "fourth"),
    [("uniform", -1.0, 1.0, 3**-0.5, 1 / 5), ("normal", -9.0, 9.0, 1.0, 3.0)],
)
def test_distribution_of_the_noise(noise, low, high, std, fourth):
    drawn = ImagesAndNoise(noise_dim=200, noise=noise).draw_noise(200, SEED).numpy()
    assert low <= drawn.min() < -0.99 and 0.99 < drawn.max() <= high
    assert abs(drawn.mean()) < 0.02 and abs(drawn.std() - std) < 0.02
    # Moments of 40,000 numbers, within five standard errors of the normal's.
    assert abs(np.mean(drawn**3)) < 0.1 and abs(np.mean(drawn**4) - fourth) < 0.25
    # No two dimensions, and no two samples, share their numbers.
    assert np.abs(np.corrcoef(drawn) - np.eye(200)).max() < 0.4
    assert np.abs(np.corrcoef(drawn.T) - np.eye(200)).max() < 0.4


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = ImagesAndNoise(noise_dim=5)
    dataset = tf.data.Dataset.from_tensors(photos())
    (x,) = layer(photos(), SEED)
    (mapped,) = next(iter(dataset.map(lambda images: layer(images, SEED))))
    for name in KEYS:
        np.testing.assert_array_equal(mapped[name], x[name])
        assert mapped[name].shape.is_fully_defined()


def test_config_round_trip_and_picture():
    layer = ImagesAndNoise(size=8, channels=1, noise_dim=10, noise="normal")
    again = ImagesAndNoise.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["images"], layer(photos(), SEED)[0]["images"]
    )
    figure = layer.draw(photos(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 6


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`noise_dim`"):
        ImagesAndNoise(noise_dim=0)
    with pytest.raises(ValueError, match="`noise` must be one of"):
        ImagesAndNoise(noise="poisson")
    with pytest.raises(ValueError, match="`channels`"):
        ImagesAndNoise(channels=2)
    with pytest.raises(ValueError, match="must be images"):
        ImagesAndNoise().prepare(np.zeros((4, 8), "float32"))
