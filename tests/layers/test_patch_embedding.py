import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.layers.patch_embedding import PatchEmbedding
from kerassl.layers.sin_cos_positions import sin_cos_positions


def images(height=8, width=12, count=2):
    return np.random.default_rng(0).random((count, height, width, 3), "float32")


def made(image_size=(8, 12), patch_size=4, hidden_dim=5, **options):
    layer = PatchEmbedding(image_size, patch_size, hidden_dim, **options)
    layer.build((None, None, None, 3))
    return layer


def test_tokens_are_linear_maps_of_patches_row_by_row():
    layer, x = made(), images()
    found = np.array(layer(x))
    kernel, bias = map(np.array, layer.patch_embedding.weights)
    positions = np.array(layer.position_embedding)
    token = np.array(layer.class_token)[0, 0] + positions[0]
    np.testing.assert_allclose(found[:, 0], [token, token], rtol=1e-5)
    for i in range(6):
        row, column = divmod(i, 3)
        patch = x[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        expected = np.einsum("bhwc,hwcd->bd", patch, kernel) + bias + positions[1 + i]
        np.testing.assert_allclose(found[:, 1 + i], expected, rtol=1e-4, atol=1e-5)


def test_at_its_own_size_positions_are_the_weights_to_the_bit():
    layer = made()
    table = np.array(layer.position_embedding)
    np.testing.assert_array_equal(layer.positions((2, 3)), table)
    # By the formula too, as in a graph of open sides.
    sides = tf.constant(2), tf.constant(3)
    np.testing.assert_array_equal(layer.positions(sides), table)


def keys(distance, a=-0.5):
    x = abs(distance)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def interpolated(values, size):
    """Returns values along the first axis at `size` places, by loops."""
    source, found = len(values), []
    for i in range(size):
        place = (i + 0.5) * source / size - 0.5
        low = int(np.floor(place))
        taps = range(low - 1, low + 3)
        weights = [keys(place - j) for j in taps]
        at = [values[min(max(j, 0), source - 1)] for j in taps]
        found.append(sum(w * v for w, v in zip(weights, at, strict=True)))
    return np.array(found)


@pytest.mark.parametrize("grid", [(4, 4), (1, 2), (2, 5), (7, 3)])
def test_other_grids_match_a_reference(grid):
    layer = made()
    table = np.array(layer.position_embedding, "float64")
    along_rows = interpolated(table[1:].reshape(2, 3, 5), grid[0])
    both = interpolated(along_rows.swapaxes(0, 1), grid[1]).swapaxes(0, 1)
    found = np.array(layer.positions(grid))
    np.testing.assert_array_equal(found[0], table[0].astype("float32"))
    np.testing.assert_allclose(found[1:], both.reshape(-1, 5), rtol=1e-4, atol=1e-6)


def test_evenly_rising_positions_rise_evenly_in_every_grid():
    layer = made(image_size=(32, 32), hidden_dim=1)
    rising = np.repeat(np.arange(8.0), 8)[:, None]
    layer.position_embedding.assign(np.concatenate([[[0.0]], rising]))
    found = np.array(layer.positions((4, 4)))[1:, 0].reshape(4, 4)
    expected = np.repeat([[0.5], [2.5], [4.5], [6.5]], 4, axis=1)
    np.testing.assert_allclose(found[1:-1], expected[1:-1], rtol=1e-5)
    layer.position_embedding.assign(np.ones((65, 1)))
    np.testing.assert_allclose(layer.positions((3, 11)), 1, rtol=1e-5)


def test_a_graph_of_open_sides_gives_the_same():
    layer = made()
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 3))])
    for x in (images(), images(4, 4), images(16, 8)):
        np.testing.assert_allclose(call(x), layer(x), rtol=1e-5, atol=1e-6)


def test_all_weights_learn_from_another_size():
    layer = made()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(images(16, 16)) ** 2)
    for gradient in tape.gradient(loss, [v.value for v in layer.trainable_variables]):
        assert np.abs(gradient).max() > 0


@pytest.mark.parametrize("first", [True, False])
def test_fixed_positions_are_no_weights_to_train(first):
    layer = made(hidden_dim=8, positions="sin_cos", use_class_token=first)
    table = np.array(layer.position_embedding)
    np.testing.assert_array_equal(table[int(first) :], sin_cos_positions((2, 3), 8))
    assert not table[: int(first)].any()
    trained = {v.name for v in layer.trainable_variables}
    assert "position_embedding" not in trained and "kernel" in trained
    again = PatchEmbedding.from_config(layer.get_config())
    again.build((None, None, None, 3))
    np.testing.assert_array_equal(again.position_embedding, table)
    with pytest.raises(ValueError, match="`positions` must be one of"):
        made(positions="fixed")


def test_positions_are_interpolated_in_float32():
    layer = made(dtype="mixed_bfloat16")
    assert layer(images(4, 4)).dtype == "bfloat16"
    assert layer.positions((1, 1)).dtype == "float32"
    assert {v.dtype for v in layer.variables} == {"float32"}


def test_without_a_class_token():
    layer = made(use_class_token=False)
    assert layer(images(4, 8)).shape == (2, 2, 5)
    assert layer.compute_output_shape((None, 8, 12, 3)) == (None, 6, 5)
    assert layer.compute_output_shape((None, None, 12, 3)) == (None, None, 5)


def test_round_trip():
    layer = made(use_class_token=False, name="patches")
    again = PatchEmbedding.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert keras.saving.serialize_keras_object(layer)["registered_name"]


@pytest.mark.parametrize(
    "arguments, name",
    [
        (((8, 9), 4), "image_size"),
        (((8,), 4), "image_size"),
        (((8, 8), 0), "patch_size"),
        (((8, 8), (4, 2.5)), "patch_size"),
        (((8, 8), 4, 0), "hidden_dim"),
    ],
)
def test_errors(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        PatchEmbedding(*arguments)


def test_images_that_patches_do_not_fill_are_refused():
    with pytest.raises(ValueError, match=r"`images` must .* \(4, 4\).*\(8, 10\)"):
        made()(images(8, 10))
