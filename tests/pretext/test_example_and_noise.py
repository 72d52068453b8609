import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in

from kerassl.pretext import ExampleAndNoise

SEED = tf.constant([3, 4], "int64")
IMAGES = np.random.default_rng(0).integers(0, 256, (400, 4, 4, 1)).astype("uint8")


def test_the_example_is_left_as_it_is_beside_standard_noise():
    x, y = ExampleAndNoise(9)(IMAGES, SEED)
    np.testing.assert_allclose(x["example"], IMAGES / 255, atol=1e-6)
    np.testing.assert_array_equal(x["example"], y)
    noise = np.array(x["noise"])
    assert noise.shape == (400, 9)
    np.testing.assert_allclose([noise.mean(), noise.std()], [0, 1], atol=0.05)


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = ExampleAndNoise(9, size=8, channels=3)
    dataset = tf.data.Dataset.from_tensors(IMAGES)
    (mapped, target) = next(iter(dataset.map(lambda images: layer(images, SEED))))
    np.testing.assert_array_equal(mapped["noise"], layer(IMAGES, SEED)[0]["noise"])
    assert target.shape == (400, 8, 8, 3)
    assert not np.array_equal(mapped["noise"], layer(IMAGES, SEED + 1)[0]["noise"])


def test_config_round_trip_and_picture():
    layer = ExampleAndNoise(9, size=8)
    again = ExampleAndNoise.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert images_in(layer.draw(IMAGES[:3], SEED)) == 6


@pytest.mark.parametrize("options", [{"noise_dim": 0}, {"noise_dim": 2, "size": 0}])
def test_arguments_are_checked(options):
    name = list(options)[-1]
    with pytest.raises(ValueError, match=f"`{name}` must"):
        ExampleAndNoise(**options)
