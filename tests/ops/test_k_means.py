import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from kerassl.ops.k_means import (
    cluster,
    fill_empty_clusters,
    whitened,
)


def groups(count=4, each=30, dim=6, seed=0):
    """Returns rows around far-away centres, and each row's group."""
    random = np.random.default_rng(seed)
    centres = 10 * random.standard_normal((count, dim))
    truth = np.repeat(np.arange(count), each)
    return centres[truth] + random.standard_normal((len(truth), dim)), truth


def test_whitened_rows_are_those_of_a_singular_value_decomposition():
    features = groups()[0]
    centred = features - features.mean(axis=0)
    left, _, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :3] / np.linalg.norm(left[:, :3], axis=1, keepdims=True)
    rows = whitened(features, 3)
    assert rows.dtype == np.float32 and rows.shape == (120, 3)
    # Directions have no sign of their own, so rows are compared with each other.
    np.testing.assert_allclose(rows @ rows.T, expected @ expected.T, atol=1e-5)


def test_rounding_is_not_blown_up():
    features = groups()[0].astype("float32")
    doubled = np.concatenate([features, features * np.float32(1.1)], axis=1)
    assert whitened(doubled).shape == features.shape
    assert np.isfinite(whitened(np.ones((5, 3)))).all()


def test_finds_groups_that_are_there():
    rows, truth = groups()
    best = max(
        adjusted_rand_score(truth, cluster(rows, 4, None, seed)) for seed in range(8)
    )
    assert best == 1.0  # k-means from a poor start merges two of them


def test_labels_are_a_function_of_features_and_seed():
    features = np.random.default_rng(1).standard_normal((300, 8))
    first = cluster(features, 20, 4, 3)
    np.testing.assert_array_equal(first, cluster(features, 20, 4, 3))
    assert not np.array_equal(first, cluster(features, 20, 4, 4))
    assert set(first) == set(range(20))


def test_an_empty_cluster_gets_a_part_of_another_one():
    rows = np.random.default_rng(0).standard_normal((40, 3))
    labels = np.repeat([0, 2], [30, 10])
    filled = fill_empty_clusters(rows, labels, 4, np.random.default_rng(0))
    assert np.bincount(filled, minlength=4).min() > 0
    np.testing.assert_array_equal(labels, np.repeat([0, 2], [30, 10]))
    changed = filled != labels
    assert set(filled[changed]) == {1, 3} and set(filled[~changed]) == {0, 2}
    full = np.arange(40) % 4
    again = fill_empty_clusters(rows, full, 4, np.random.default_rng(0))
    np.testing.assert_array_equal(again, full)


@pytest.mark.parametrize("different", [1, 3])
def test_equal_rows_share_a_cluster_and_leave_others_empty(different):
    random = np.random.default_rng(0)
    rows = np.repeat(random.standard_normal((different, 4)), 10, axis=0)
    labels = cluster(rows, 6, None, seed=0)
    assert len(set(labels)) == different
    for i in range(different):
        assert len(set(labels[10 * i : 10 * i + 10])) == 1
