"""How often the same example is a neighbour."""

import numpy as np
import pytest
from scipy.stats import skew

from kerassl.metrics import hubness, k_occurrences

RNG = np.random.default_rng(0)


def nearest(vectors, k=5):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    return np.argsort(-cosines)[:, :k]


def test_it_is_the_skewness_of_how_often_each_occurs():
    found = nearest(RNG.normal(size=(60, 3)))
    counts = np.array([(found == i).sum() for i in range(60)])
    np.testing.assert_array_equal(k_occurrences(found, 60), counts)
    assert hubness(found, 60) == pytest.approx(skew(counts))


def test_there_are_hubs_where_one_is_near_to_all_and_none_on_a_ring():
    star = np.zeros((30, 1), "int64")
    star[0] = 1
    assert hubness(star, 30) > 4
    angles = np.linspace(0, 2 * np.pi, 31)[:30]
    ring = np.stack([np.cos(angles), np.sin(angles)], 1)
    assert hubness(nearest(ring, 2), 30) == 0


def test_wrong_neighbours_are_told():
    for wrong in (np.array([[3]]), np.array([[-1]]), np.array([0]), np.array([[0.5]])):
        with pytest.raises(ValueError, match="`neighbours` must be a matrix"):
            k_occurrences(wrong, 3)
    with pytest.raises(ValueError, match="`count` must be"):
        hubness(np.array([[0]]), 0)
