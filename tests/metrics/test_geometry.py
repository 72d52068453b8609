import numpy as np
import pytest

from kerassl.metrics import alignment, effective_rank, embedding_std, uniformity


def points(rows=60, dim=8, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, dim)).astype("float32")


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_std_equals_numpy_and_its_limits():
    x = points(4000, 16)
    assert float(embedding_std(x)) == pytest.approx(unit(x).std(0).mean(), rel=1e-5)
    assert float(embedding_std(x)) == pytest.approx(1 / 4, rel=0.02)
    assert float(embedding_std(np.ones((5, 3)))) == pytest.approx(0, abs=1e-6)


def test_rank_equals_numpy_and_counts_directions():
    x = points()
    shares = np.linalg.svd(x, compute_uv=False)
    shares = shares / shares.sum()
    wanted = np.exp(-(shares * np.log(shares)).sum())
    assert float(effective_rank(x)) == pytest.approx(wanted, rel=1e-4)
    assert float(effective_rank(np.eye(6))) == pytest.approx(6, rel=1e-4)
    assert float(effective_rank(np.ones((9, 5)))) == pytest.approx(1, rel=1e-3)
    assert float(effective_rank(np.zeros((9, 5)))) == pytest.approx(1, rel=1e-3)


def test_rank_does_not_see_a_rotation():
    x = points()
    rotation = np.linalg.qr(points(8, 8, seed=1))[0]
    rotated = float(effective_rank(x @ rotation))
    assert rotated == pytest.approx(float(effective_rank(x)), rel=1e-4)


def test_alignment_equals_numpy():
    a, b = points(seed=1), points(seed=2)
    wanted = (np.linalg.norm(unit(a) - unit(b), axis=1) ** 2).mean()
    assert float(alignment(a, b)) == pytest.approx(wanted, rel=1e-5)
    assert float(alignment(a, 3 * a)) == pytest.approx(0, abs=1e-6)
    assert float(alignment(a, -a)) == pytest.approx(4, rel=1e-5)


def test_uniformity_equals_numpy():
    x = unit(points(20))
    pairs = [
        np.exp(-2 * np.sum((x[i] - x[j]) ** 2)) for i in range(20) for j in range(i)
    ]
    assert float(uniformity(x)) == pytest.approx(np.log(np.mean(pairs)), rel=1e-4)
    assert float(uniformity(np.ones((5, 3)))) == pytest.approx(0, abs=1e-5)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match="features.*batch, dim.*3, 2, 1"):
        embedding_std(np.ones((3, 2, 1)))
    with pytest.raises(ValueError, match="anchors.*same shape"):
        alignment(np.ones((3, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="two rows"):
        uniformity(np.ones((1, 2)))
