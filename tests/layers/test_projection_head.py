import keras
import numpy as np
import pytest

from kerassl.layers.projection_head import ProjectionHead


def test_shapes_and_biases():
    head = ProjectionHead(5, hidden_dims=(8, 7), final_batch_norm=True)
    assert tuple(head(np.ones((4, 3), "float32")).shape) == (4, 5)
    shapes = sorted(tuple(w.shape) for w in head.trainable_weights)
    # No bias before a normalisation, no offset in the last one.
    assert shapes == sorted([(3, 8), (8,), (8,), (8, 7), (7,), (7,), (7, 5), (5,)])


def test_linear_head_is_one_matrix_and_bias():
    head = ProjectionHead(2, hidden_dims=())
    h = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    z = head(h)
    kernel, bias = head.get_weights()
    np.testing.assert_allclose(z, h @ kernel + bias, rtol=1e-5)


def test_last_layer_without_bias():
    head = ProjectionHead(2, hidden_dims=(), final_bias=False)
    h = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    z = head(h)
    (kernel,) = head.get_weights()
    np.testing.assert_allclose(z, h @ kernel, rtol=1e-5)
    assert ProjectionHead.from_config(head.get_config()).final_bias is False


def test_normalised_projections_have_unit_variance_in_training():
    head = ProjectionHead(6, hidden_dims=(8,), final_batch_norm=True)
    h = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    z = np.array(head(h, training=True))
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(z.std(0), 1, atol=1e-2)


def test_last_normalisation_without_scale():
    head = ProjectionHead(2, (), final_batch_norm=True, final_scale=False)
    head.build((None, 3))
    assert [tuple(w.shape) for w in head.trainable_weights] == [(3, 2)]
    config = head.get_config()
    assert ProjectionHead.from_config(config).final_scale is False
    del config["final_scale"]  # as in files of before
    assert ProjectionHead.from_config(config).final_scale is True


def test_round_trip(tmp_path):
    inputs = keras.Input((3,))
    head = ProjectionHead(4, hidden_dims=(6,), batch_norm=False)
    model = keras.Model(inputs, head(inputs))
    model.save(tmp_path / "head.keras")
    again = keras.models.load_model(tmp_path / "head.keras")
    assert again.layers[-1].get_config() == head.get_config()
    h = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(again(h), model(h))


def test_bfloat16_policy_reaches_every_layer():
    head = ProjectionHead(4, hidden_dims=(6,), dtype="mixed_bfloat16")
    z = head(np.ones((2, 3), "float32"))
    assert keras.backend.standardize_dtype(z.dtype) == "bfloat16"
    assert all(w.dtype == "float32" for w in head.weights)


@pytest.mark.parametrize(
    "arguments, name",
    [({"output_dim": 0}, "output_dim"), ({"hidden_dims": (8, -1)}, "hidden_dims")],
)
def test_errors(arguments, name):
    with pytest.raises(ValueError, match=name):
        ProjectionHead(**arguments)
