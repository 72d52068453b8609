import keras
import numpy as np
import pytest

from kerassl.encoders import plain_cnn


def test_strides_and_grid_shape_the_features():
    encoder = plain_cnn((28, 20, 3), (4, 6, 8), (2, 1, 2), grid=2)
    assert encoder.get_layer("relu2").output.shape == (None, 14, 10, 6)
    assert encoder.get_layer("relu3").output.shape == (None, 7, 5, 8)
    assert encoder.output_shape == (None, 2 * 2 * 8)


@pytest.mark.parametrize(("side", "grid"), [(4, 2), (7, 2), (7, 3), (5, 5), (6, 1)])
def test_places_of_the_grid_cover_the_map(side, grid):
    encoder = plain_cnn((side, side, 1), (2,), (1,), grid=grid)
    pool = keras.Model(encoder.get_layer("relu1").output, encoder.output)
    x = np.random.default_rng(0).random((1, side, side, 2), "float32")
    step, size = side // grid, side - (grid - 1) * (side // grid)
    starts = range(0, grid * step, step)
    means = [
        x[:, i : i + size, j : j + size].mean((1, 2)) for i in starts for j in starts
    ]
    assert max(starts) + size == side
    found = pool.predict(x, verbose=0)
    np.testing.assert_allclose(found, np.concatenate(means, axis=1), rtol=1e-5)


def test_a_global_average_takes_open_sides():
    encoder = plain_cnn((None, None, 1), (4,), (2,), grid=1)
    assert encoder(np.zeros((1, 9, 6, 1), "float32")).shape == (1, 4)


def test_no_weight_of_a_layer_starts_at_zero():
    """So the random control is worth something."""
    encoder = plain_cnn((8, 8, 1), (8, 16), (1, 2))
    for i in (1, 2):
        assert np.array(encoder.get_layer(f"conv{i}").kernel).std() > 0.1
        np.testing.assert_array_equal(encoder.get_layer(f"bn{i}").gamma, 1)


def test_a_saved_file_loads_in_keras_alone(tmp_path):
    encoder = plain_cnn((8, 8, 1), (4, 8), (2, 1))
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras", custom_objects={})
    x = np.random.default_rng(0).random((2, 8, 8, 1), "float32")
    np.testing.assert_array_equal(encoder(x), loaded(x))


def test_dtype_reaches_every_layer():
    encoder = plain_cnn((4, 4, 1), (2,), (1,), dtype="mixed_bfloat16")
    assert {layer.compute_dtype for layer in encoder.layers[1:]} == {"bfloat16"}


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`strides` must hold one number for each"):
        plain_cnn((28, 28, 1), (4, 8), (2,))
    with pytest.raises(ValueError, match="`grid` must be at most .* 2 x 2"):
        plain_cnn((8, 8, 1), (4, 8), (2, 2), grid=3)
    with pytest.raises(ValueError, match="`input_shape`"):
        plain_cnn((None, None, 1))
