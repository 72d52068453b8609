import math

import numpy as np
import pytest
import tensorflow as tf

from kerassl.losses.redundancy import covariance_penalty, variance_hinge


def embeddings(batch=6, dim=4):
    random = np.random.default_rng(0)
    mixed = random.normal(size=(batch, dim)) @ random.normal(size=(dim, dim))
    return (0.5 * mixed + 3.0).astype("float32")


def test_match_numpy():
    z = embeddings()
    missing = np.maximum(0.0, 0.4 - np.sqrt(z.var(axis=0, ddof=1) + 1e-2))
    assert 0 < (missing > 0).sum() < 4  # both sides of the hinge
    np.testing.assert_allclose(variance_hinge(z, 0.4, 1e-2), missing.mean(), rtol=1e-5)
    covariance = np.cov(z, rowvar=False)
    others = (covariance**2).sum() - (np.diag(covariance) ** 2).sum()
    np.testing.assert_allclose(covariance_penalty(z), others / 4, rtol=1e-5)


def test_constant_embeddings_have_no_variance_and_no_covariance():
    z = np.full((5, 3), 7.0, "float32")
    np.testing.assert_allclose(variance_hinge(z), 1 - math.sqrt(1e-4), rtol=1e-6)
    assert float(covariance_penalty(z)) == 0


def test_independent_embeddings_of_unit_variance():
    batch, dim = 400, 60
    z = np.random.default_rng(0).normal(size=(batch, dim)).astype("float32")
    # Half of the estimates of a standard deviation of 1 fall below it, and those
    # of a covariance of 0 have the variance 1 / (batch - 1).
    below = 1 / math.sqrt(4 * math.pi * (batch - 1))
    np.testing.assert_allclose(variance_hinge(z), below, rtol=0.2)
    np.testing.assert_allclose(covariance_penalty(z), (dim - 1) / (batch - 1), rtol=0.1)


def test_order_and_place_do_not_matter():
    z = embeddings()
    moved = z[::-1, [2, 0, 3, 1]] - 10.0
    for loss in (variance_hinge, covariance_penalty):
        np.testing.assert_allclose(loss(moved), loss(z), rtol=1e-4)


def test_gradients_spread_what_is_too_near_and_part_what_is_correlated():
    line = np.linspace(-0.1, 0.1, 5, dtype="float32")[:, None]
    for loss in (variance_hinge, covariance_penalty):
        z = tf.Variable(np.concatenate([line, line], axis=1))
        with tf.GradientTape() as tape:
            value = loss(z)
        step = -np.array(tape.gradient(value, z))
        assert np.isfinite(step).all()
        outward = (step * np.sign(line))[line[:, 0] != 0]
        assert (outward > 0).all() if loss is variance_hinge else (outward < 0).all()


def test_a_constant_batch_has_a_finite_gradient():
    z = tf.Variable(np.ones((4, 3), "float32"))
    with tf.GradientTape() as tape:
        value = variance_hinge(z)
    assert np.isfinite(tape.gradient(value, z)).all()


@pytest.mark.parametrize("loss", [variance_hinge, covariance_penalty])
@pytest.mark.parametrize("shape", [(4,), (4, 2, 2), (1, 3), (0, 3)])
def test_other_shapes_are_refused(loss, shape):
    with pytest.raises(ValueError, match="`z` must have shape"):
        loss(np.ones(shape, "float32"))


@pytest.mark.parametrize("option", ["gamma", "epsilon"])
def test_numbers_must_be_above_0(option):
    with pytest.raises(ValueError, match=f"`{option}` must be above 0"):
        variance_hinge(embeddings(), **{option: 0.0})
