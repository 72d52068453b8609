import numpy as np
import pytest
from scipy.linalg import sqrtm

from kerassl.metrics import frechet_distance

RANDOM = np.random.default_rng(0)


def test_is_that_of_the_written_formula():
    a = RANDOM.normal(size=(50, 4))
    b = RANDOM.normal(size=(80, 4)) @ RANDOM.normal(size=(4, 4)) + 0.5
    covariances = np.cov(a.T), np.cov(b.T)
    wanted = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(
        sum(covariances) - 2 * sqrtm(covariances[0] @ covariances[1]).real
    )
    assert frechet_distance(a, b) == pytest.approx(wanted, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(wanted, rel=1e-9)


def test_the_same_set_has_distance_0():
    flat = np.concatenate([RANDOM.normal(size=(9, 2)), np.zeros((9, 20))], axis=1)
    assert frechet_distance(flat, flat) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(flat[:, :1], flat[:, :1] + 2) == pytest.approx(4)


def test_spread_counts_where_means_agree():
    x = RANDOM.normal(size=(200, 1))
    x = np.concatenate([x, -x])  # the mean is 0
    wanted = x.std(ddof=1) ** 2  # of standard deviations s and 2 s
    assert frechet_distance(x, 2 * x) == pytest.approx(wanted)


@pytest.mark.parametrize("other", [np.zeros((5, 3)), np.zeros((1, 4)), np.zeros(4)])
def test_shapes_are_checked(other):
    with pytest.raises(ValueError, match="`other` must be a matrix"):
        frechet_distance(np.zeros((5, 4)), other)
    with pytest.raises(ValueError, match="`features` must be a matrix"):
        frechet_distance(np.zeros(4), np.zeros((5, 4)))
