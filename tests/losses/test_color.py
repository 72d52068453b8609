import numpy as np
import pytest
from keras import ops

from kerassl.losses.color import (
    annealed_mean,
    color_cross_entropy,
    nearest_bins,
    rebalancing_weights,
)

BINS = np.array([[a, b] for a in (-10, 0, 10) for b in (-10, 0, 10)], "float32")


def colors(shape=(4, 3)):
    return np.random.default_rng(0).uniform(-12, 12, (*shape, 2)).astype("float32")


def logits(shape=(4, 3)):
    return np.random.default_rng(1).normal(size=(*shape, 9)).astype("float32")


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def soft(ab, neighbours=5, sigma=5.0):
    """Returns dense targets, one colour after another."""
    found = np.zeros((len(ab), 9))
    for row, color in zip(found, ab, strict=True):
        distance = np.hypot(*(BINS - color).T)
        near = np.argsort(distance)[:neighbours]
        row[near] = np.exp(-(distance[near] ** 2) / (2 * sigma**2))
        row /= row.sum()
    return found


def test_soft_targets_and_their_entropy_match_numpy():
    ab, z = colors(), logits()
    numbers, shares = (ops.convert_to_numpy(x) for x in nearest_bins(ab, BINS))
    dense = soft(ab.reshape(-1, 2))
    for number, share, wanted in zip(
        numbers.reshape(-1, 5), shares.reshape(-1, 5), dense, strict=True
    ):
        made = np.zeros(9)
        made[number] = share
        np.testing.assert_allclose(made, wanted, atol=1e-5)
        assert number[0] == wanted.argmax()
    found = color_cross_entropy(z, numbers, shares)
    expected = -(dense * np.log(softmax(z.reshape(-1, 9)))).sum(-1).reshape(4, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_colour_that_is_a_bin_is_that_one_with_a_narrow_gaussian():
    numbers, shares = nearest_bins(BINS, BINS, 3, sigma=0.5)
    np.testing.assert_array_equal(numbers[:, 0], np.arange(9))
    np.testing.assert_allclose(shares[:, 0], 1, atol=1e-6)


def test_equal_logits_cost_the_logarithm_of_the_bins():
    loss = color_cross_entropy(np.zeros((4, 3, 9)), *nearest_bins(colors(), BINS))
    np.testing.assert_allclose(loss, np.log(9), rtol=1e-5)


def test_large_logits_are_finite():
    loss = color_cross_entropy(1e4 * logits(), *nearest_bins(colors(), BINS))
    assert np.isfinite(ops.convert_to_numpy(loss)).all()


def test_weights_are_the_formula_and_1_on_average():
    prior = np.array([0.7, 0.2, 0.1, 0.0])
    weights = rebalancing_weights(prior, 0.5)
    expected = 1 / (0.5 * prior + 0.5 / 4)
    np.testing.assert_allclose(weights, expected / (prior * expected).sum())
    np.testing.assert_allclose((prior * weights).sum(), 1)
    assert (np.diff(weights) > 0).all()
    np.testing.assert_allclose(rebalancing_weights(prior, 1.0), 1)


def test_the_annealed_mean_goes_from_the_mean_to_the_mode():
    z = logits()
    for temperature in (1.0, 0.38):
        expected = softmax(z / temperature) @ BINS
        found = annealed_mean(z, BINS, temperature)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    mode = BINS[z.argmax(-1)]
    np.testing.assert_allclose(annealed_mean(z, BINS, 1e-3), mode, atol=1e-3)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: nearest_bins(colors(), BINS, 10),
            "`neighbours` must be from 1 to the 9",
        ),
        (lambda: nearest_bins(colors(), BINS, 5, 0.0), "`sigma` must"),
        (lambda: rebalancing_weights([0.5, 0.6]), "`prior` must.* 1.1 together"),
        (lambda: rebalancing_weights([1.0], 0.0), "`uniform_share` must"),
        (lambda: annealed_mean(logits(), BINS, 0), "`temperature` must"),
        (
            lambda: color_cross_entropy(logits(), np.zeros((4, 3)), np.zeros((4, 3))),
            "`numbers` and `shares` must have one shape",
        ),
    ],
)
def test_what_is_wrong_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()
