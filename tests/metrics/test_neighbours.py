import numpy as np
import pytest

from kerassl.metrics import nearest_neighbour_labels


def test_votes_equal_a_plain_loop():
    rng = np.random.default_rng(0)
    x, q = rng.normal(size=(50, 5)), rng.normal(size=(20, 5))
    y = rng.integers(0, 3, 50)
    got = nearest_neighbour_labels(x, y, q, k=7, temperature=0.2)
    for query, label in zip(q, got, strict=True):
        cosine = x @ query / np.linalg.norm(x, axis=1) / np.linalg.norm(query)
        near = np.argsort(-cosine)[:7]
        votes = [np.exp(cosine[near][y[near] == c] / 0.2).sum() for c in range(3)]
        assert label == np.argmax(votes)


def test_length_does_not_matter_and_k_is_cut_to_the_rows():
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    near = nearest_neighbour_labels(x, ["a", "b"], [[900, 1], [1e-3, 2]], k=50)
    assert list(near) == ["a", "b"]


def test_a_tiny_temperature_keeps_the_nearest_vote():
    x = np.array([[1.0, 0.0], [-1.0, 0.0], [-1.0, 0.1]])
    assert nearest_neighbour_labels(x, [7, 8, 8], [[-1, 1]], 3, 1e-4)[0] == 8
    assert nearest_neighbour_labels(x, [7, 8, 8], [[1, 1]], 3, 1e-4)[0] == 7


def test_ranges_are_checked():
    with pytest.raises(ValueError, match="`k`.*0"):
        nearest_neighbour_labels(np.eye(2), [0, 1], np.eye(2), k=0)
    with pytest.raises(ValueError, match="temperature"):
        nearest_neighbour_labels(np.eye(2), [0, 1], np.eye(2), temperature=0)
