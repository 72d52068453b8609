"""Draws by the inverse cumulative function: certain cases, and frequencies."""

import numpy as np
import pytest
from keras import ops

from kerassl.ops import categorical, uniform


def drawn(logits, numbers):
    return ops.convert_to_numpy(categorical(logits, np.asarray(numbers, "float32")))


@pytest.mark.parametrize("outcomes", [1, 3, 128, 129, 1000])
def test_equals_numpy(outcomes):
    random = np.random.default_rng(outcomes)
    logits = 2 * random.normal(size=(4, 50, outcomes)).astype("float32")
    numbers = random.uniform(size=(4, 50)).astype("float32")
    masses = np.exp(logits.astype("float64"))
    sums = np.cumsum(masses / masses.sum(-1, keepdims=True), axis=-1)
    expected = (sums <= numbers[..., None]).sum(-1).clip(max=outcomes - 1)
    assert np.mean(drawn(logits, numbers) == expected) > 0.99  # the rest is rounding
    assert np.abs(drawn(logits, numbers) - expected).max() <= 1


def test_certain_outcomes():
    logits = np.full((3, 300), -200.0, "float32")
    logits[[0, 1, 2], [0, 150, 299]] = 0
    for number in (0.0, 0.5, 1 - 2**-24):
        np.testing.assert_array_equal(drawn(logits, [number] * 3), [0, 150, 299])


def test_frequencies():
    shares = np.array([0.1, 0.0, 0.6, 0.3], "float32")
    numbers = uniform(np.array([[3, 4]], "int32"), (20_000,))[0]
    logits = np.log(np.tile(shares, (20_000, 1)) + 1e-30)
    found = np.bincount(drawn(logits, numbers), minlength=4) / 20_000
    np.testing.assert_allclose(found, shares, atol=0.01)
    assert found[1] == 0


def test_no_gradient_goes_through():
    import tensorflow as tf

    logits = tf.Variable(np.zeros((2, 5), "float32"))
    with tf.GradientTape() as tape:
        table = ops.cast(categorical(logits, ops.array([0.3, 0.7])), "float32")
        loss = ops.sum(table * ops.sum(logits, axis=-1))
    np.testing.assert_allclose(tape.gradient(loss, logits)[0], [1.0] * 5)


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="`logits` must have one axis more"):
        categorical(ops.zeros((2, 3)), ops.zeros((2, 3)))
