import numpy as np
import pytest
import tensorflow as tf

from kerassl.losses.distillation import normalized_squared_error


def vectors(batch=5, dim=3):
    return np.random.default_rng(0).normal(size=(2, batch, dim)).astype("float32")


def test_matches_reference():
    predictions, targets = vectors()
    expected = [
        np.sum((p / np.linalg.norm(p) - z / np.linalg.norm(z)) ** 2)
        for p, z in zip(predictions, targets, strict=True)
    ]
    losses = normalized_squared_error(predictions, targets)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_scale_does_not_matter():
    predictions, targets = vectors()
    losses = normalized_squared_error(predictions, targets)
    again = normalized_squared_error(7 * predictions, 0.1 * targets)
    np.testing.assert_allclose(again, losses, rtol=1e-5)


def test_limits():
    predictions, _ = vectors()
    same = normalized_squared_error(predictions, 2 * predictions)
    np.testing.assert_allclose(same, 0, atol=1e-6)
    opposite = normalized_squared_error(predictions, -predictions)
    np.testing.assert_allclose(opposite, 4, rtol=1e-6)
    eye = np.eye(2, dtype="float32")
    np.testing.assert_allclose(normalized_squared_error(eye, eye[::-1]), 2, rtol=1e-6)


def test_no_gradient_reaches_the_targets():
    predictions, targets = map(tf.Variable, vectors())
    with tf.GradientTape() as tape:
        losses = normalized_squared_error(predictions, targets)
    to_predictions, to_targets = tape.gradient(losses, [predictions, targets])
    assert np.abs(to_predictions).max() > 0.1
    assert to_targets is None


@pytest.mark.parametrize("shapes", [((4, 2), (4, 3)), ((4, 2), (3, 2)), ((4,), (4,))])
def test_errors(shapes):
    with pytest.raises(ValueError, match="`predictions` and `targets`"):
        normalized_squared_error(*(np.ones(shape) for shape in shapes))
