import keras
import numpy as np
import pytest

from kerassl.encoders import conv, dense, patch_grid, plain_cnn


def images(*shape):
    return np.random.default_rng(0).random((3, *shape)).astype("float32")


def patches():
    return conv((4, 4, 1), (3,), 5)


def test_each_vector_is_that_of_its_patch():
    own = patches()
    encoder = patch_grid(own, (8, 10, 1), stride=2)
    assert encoder.output_shape == (None, 3, 4, 5)
    x = images(8, 10, 1)
    found = encoder.predict(x, verbose=0)
    for row in range(3):
        for column in range(4):
            patch = x[:, 2 * row : 2 * row + 4, 2 * column : 2 * column + 4]
            np.testing.assert_allclose(found[:, row, column], own(patch), rtol=1e-4)


def test_colours_keep_their_order():
    own = conv((4, 4, 3), (3,), 5)
    x = images(8, 8, 3)
    found = patch_grid(own, (8, 8, 3), stride=4).predict(x, verbose=0)
    np.testing.assert_allclose(found[:, 1, 0], own(x[:, 4:, :4]), rtol=1e-4)


def test_a_pixel_outside_of_a_patch_does_not_reach_it():
    encoder = patch_grid(patches(), (8, 8, 1), stride=2)
    x = images(8, 8, 1)
    changed = x.copy()
    changed[:, 6:] = 1 - changed[:, 6:]  # of the last row of patches alone
    one, two = (encoder(each, training=True).numpy() for each in (x, changed))
    np.testing.assert_array_equal(two[:, :2], one[:, :2])
    assert not np.allclose(two[:, 2], one[:, 2])


def test_places_are_averages_of_the_map():
    own = patches()
    encoder = patch_grid(own, (10, 10, 1), stride=2, grid=2)
    assert encoder.output_shape == (None, 20)
    x = images(10, 10, 1)
    whole = keras.Model(encoder.input, encoder.get_layer("patch_map").output)(x)
    found = encoder.predict(x, verbose=0).reshape(3, 2, 2, 5)
    first = np.mean(np.array(whole)[:, :2, :2], axis=(1, 2))
    np.testing.assert_allclose(found[:, 0, 0], first, rtol=1e-4)


def test_a_saved_file_loads_in_keras_alone(tmp_path):
    encoder = patch_grid(plain_cnn((4, 4, 1), (4,), (2,)), (8, 8, 1), stride=2)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(images(8, 8, 1)), encoder(images(8, 8, 1)))


def test_errors():
    with pytest.raises(ValueError, match="`encoder` must take square patches"):
        patch_grid(dense((4,)), (8, 8, 1), 2)
    with pytest.raises(ValueError, match="channels of the image"):
        patch_grid(patches(), (8, 8, 3), 2)
    with pytest.raises(ValueError, match="no larger than the image"):
        patch_grid(patches(), (8, 3, 1), 2)
    with pytest.raises(ValueError, match="`stride`"):
        patch_grid(patches(), (8, 8, 1), 0)
    with pytest.raises(ValueError, match="`grid` must be at most"):
        patch_grid(patches(), (8, 8, 1), 2, grid=4)
    with pytest.raises(TypeError, match="`encoder` must be"):
        patch_grid("conv", (8, 8, 1), 2)
