import math

import numpy as np
import pytest
import tensorflow as tf

from kerassl.losses.redundancy import (
    barlow_twins,
    barlow_twins_terms,
    covariance_penalty,
    cross_correlation,
    variance_hinge,
)


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


def views(batch=6, dim=4):
    z1 = embeddings(batch, dim)
    noise = np.random.default_rng(1).normal(size=z1.shape)
    return z1, (2.0 * z1 + noise).astype("float32")


def correlations(z1, z2):
    """Returns the correlations by NumPy's own function."""
    dim = z1.shape[1]
    return np.corrcoef(z1, z2, rowvar=False)[:dim, dim:]


def test_cross_correlation_matches_numpy():
    z1, z2 = views()
    found = cross_correlation(z1, z2)
    np.testing.assert_allclose(found, correlations(z1, z2), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(cross_correlation(z2, z1), np.transpose(found), 1e-5)


def test_barlow_twins_matches_numpy():
    z1, z2 = views()
    c = correlations(z1, z2)
    invariance = ((1 - np.diag(c)) ** 2).sum()
    redundancy = (c**2).sum() - (np.diag(c) ** 2).sum()
    terms = barlow_twins_terms(z1, z2)
    np.testing.assert_allclose(terms, [invariance, redundancy], rtol=1e-3)
    np.testing.assert_allclose(
        barlow_twins(z1, z2, 0.3), invariance + 0.3 * redundancy, rtol=1e-3
    )


def test_barlow_twins_of_equal_and_independent_dimensions_is_0():
    signs = np.array(list(np.ndindex(2, 2, 2)), "float32") * 2 - 1
    np.testing.assert_allclose(barlow_twins(signs, 3 * signs + 5), 0, atol=1e-6)


def test_barlow_twins_of_constant_embeddings_is_their_dimensions():
    z1, _ = views()
    constant = np.full_like(z1, 7.0)
    np.testing.assert_allclose(barlow_twins(constant, constant), 4, rtol=1e-6)
    np.testing.assert_allclose(barlow_twins(z1, constant), 4, rtol=1e-6)


def test_squared_correlations_of_unrelated_rows_are_1_by_one_less_than_rows():
    z1, z2 = views(batch=12)
    random = np.random.default_rng(0)
    orders = [random.permutation(12) for _ in range(400)]
    found = [np.square(cross_correlation(z1, z2[order])) for order in orders]
    np.testing.assert_allclose(np.mean(found, axis=0), 1 / 11, rtol=0.2)


def test_barlow_twins_knows_no_order_place_or_scale():
    z1, z2 = views()
    moved = [
        z[::-1, [2, 0, 3, 1]] * scale - 10.0
        for z, scale in ((z1, 2.0), (z2, [1.0, 3.0, 0.5, 4.0]))
    ]
    np.testing.assert_allclose(
        barlow_twins(*(z.astype("float32") for z in moved)),
        barlow_twins(z1, z2),
        rtol=1e-3,
    )


@pytest.mark.parametrize("where", [0, 1])
def test_gradient_of_barlow_twins_is_that_of_differences(where):
    pair = [z.astype("float64") for z in views()]
    z1, z2 = (tf.Variable(z.astype("float32")) for z in pair)
    with tf.GradientTape() as tape:
        value = barlow_twins(z1, z2, 0.3)
    found = np.array(tape.gradient(value, (z1, z2)[where]))
    row, column, step = 2, 1, 1e-4

    def loss(change):
        moved = [z.copy() for z in pair]
        moved[where][row, column] += change
        c = correlations(*moved)
        others = (c**2).sum() - (np.diag(c) ** 2).sum()
        return ((1 - np.diag(c)) ** 2).sum() + 0.3 * others

    slope = (loss(step) - loss(-step)) / (2 * step)
    np.testing.assert_allclose(found[row, column], slope, rtol=1e-2, atol=1e-4)


def test_constant_embeddings_have_a_finite_gradient_of_barlow_twins():
    z = tf.Variable(np.ones((4, 3), "float32"))
    with tf.GradientTape() as tape:
        value = barlow_twins(z, z)
    assert np.isfinite(tape.gradient(value, z)).all()


@pytest.mark.parametrize(
    "shapes",
    [((4,), (4,)), ((4, 2), (4, 3)), ((4, 2), (3, 2)), ((1, 3), (1, 3))],
)
def test_other_pairs_are_refused(shapes):
    with pytest.raises(ValueError, match="`z1` and `z2` must have one shape"):
        barlow_twins(*(np.ones(shape, "float32") for shape in shapes))


def test_wrong_numbers_are_refused():
    z1, z2 = views()
    with pytest.raises(ValueError, match="`redundancy_weight` must be 0 or more"):
        barlow_twins(z1, z2, -0.1)
    with pytest.raises(ValueError, match="`epsilon` must be above 0"):
        cross_correlation(z1, z2, 0.0)
    with pytest.raises(ValueError, match="`z2`"):
        barlow_twins(z1, np.full_like(z2, np.nan))
