import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in

from kerassl.pretext import Reconstruct

SEED = tf.constant([0, 1], tf.int64)


def test_integers_are_scaled_and_floats_left():
    bytes_ = np.array([[0, 51, 255]], np.uint8)
    x, y = Reconstruct()(bytes_, seed=SEED)
    np.testing.assert_allclose(x, [[0.0, 0.2, 1.0]], rtol=1e-6)
    np.testing.assert_array_equal(x, y)
    floats = np.array([[0.5, -2.0]], np.float32)
    np.testing.assert_array_equal(Reconstruct().prepare(floats), floats)


def test_images_are_resized_and_channels_changed():
    images = np.full((2, 9, 6, 3), 255, np.uint8)
    grey = Reconstruct(size=4, channels=1).prepare(images)
    assert grey.shape == (2, 4, 4, 1)
    np.testing.assert_allclose(grey, 1.0, rtol=1e-3)
    assert Reconstruct(channels=3).prepare(images[..., :1]).shape == (2, 9, 6, 3)


def test_alone_and_inside_dataset_map():
    layer = Reconstruct(size=4)
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1)).astype("uint8")
    batches = tf.data.Dataset.from_tensor_slices(images).batch(3, drop_remainder=True)
    mapped = batches.map(lambda batch: layer(batch, seed=SEED))
    assert mapped.element_spec[0].shape == (3, 4, 4, 1)
    for batch, (x, _) in zip(batches, mapped, strict=True):
        np.testing.assert_allclose(layer(batch, seed=SEED)[0], x, rtol=1e-6)


def test_config_round_trip():
    layer = Reconstruct(size=4, channels=1)
    again = Reconstruct.from_config(layer.get_config())
    assert (again.size, again.channels) == (4, 1)


@pytest.mark.parametrize("shape", [(3, 8, 8, 1), (3, 5)])
def test_draw(shape):
    figure = Reconstruct().draw(np.zeros(shape, np.uint8), SEED)
    assert images_in(figure) == 3


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`size`"):
        Reconstruct(size=0)
    with pytest.raises(ValueError, match="`channels`"):
        Reconstruct(channels=2)
    with pytest.raises(ValueError, match=r"are for images .* Received shape: \(2, 3\)"):
        Reconstruct(size=4).prepare(np.zeros((2, 3), np.uint8))
