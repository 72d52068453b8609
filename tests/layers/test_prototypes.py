import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.layers import Prototypes


def unit_rows(*shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_cosines_with_random_directions():
    prototypes = Prototypes(50, 8)
    rows = prototypes.rows.numpy()
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    assert np.abs(rows.mean(axis=0)).max() < 0.3
    x = unit_rows(2, 3, 8)
    np.testing.assert_allclose(prototypes(x), x @ rows.T, atol=1e-6)
    assert np.abs(rows - Prototypes(50, 8).rows.numpy()).max() > 0.1


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_step_leaves_them_at_length_one(optimizer):
    model = keras.Sequential([keras.Input((4,)), Prototypes(3, 4)])
    model.compile(optimizer, loss="mse", jit_compile=False)
    before = model.layers[0].rows.numpy()
    x = unit_rows(8, 4)
    model.fit(x, np.ones((8, 3)), epochs=3, verbose=0)
    after = model.layers[0].rows.numpy()
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1, rtol=1e-5)
    assert np.abs(after - before).max() > 1e-4


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_ones_have_no_gradient(frozen):
    prototypes = Prototypes(3, 4)
    x = tf.Variable(unit_rows(2, 4))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(prototypes(x, tf.constant(frozen)))
    of_x, of_rows = tape.gradient(loss, (x, prototypes.rows.value))
    assert np.any(of_x != 0)
    assert np.any(tf.convert_to_tensor(of_rows) != 0) == (not frozen)


def test_config_round_trip_and_dtype():
    layer = Prototypes(3, 4, name="p", dtype="mixed_bfloat16")
    again = Prototypes.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert layer(unit_rows(2, 4)).dtype == tf.float32


@pytest.mark.parametrize("argument", ["num_prototypes", "dim"])
def test_errors(argument):
    with pytest.raises(ValueError, match=f"`{argument}` must"):
        Prototypes(**{"num_prototypes": 3, "dim": 4, argument: 0})
