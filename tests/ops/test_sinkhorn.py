import numpy as np
import pytest

from kerassl.ops import sinkhorn


def scores(examples=6, prototypes=4):
    random = np.random.default_rng(0)
    return random.uniform(-1, 1, (examples, prototypes)).astype("float32")


def reference(scores, epsilon, rounds):
    """Returns the codes by the products of the paper, in float64."""
    q = np.exp(scores.astype("float64") / epsilon).T
    q /= q.sum()
    k, b = q.shape
    for _ in range(rounds):
        q /= q.sum(axis=1, keepdims=True) * k
        q /= q.sum(axis=0, keepdims=True) * b
    return (q * b).T


@pytest.mark.parametrize(("epsilon", "rounds"), [(0.05, 3), (0.5, 1), (1.0, 10)])
def test_matches_numpy(epsilon, rounds):
    codes = sinkhorn(scores(), epsilon, rounds)
    np.testing.assert_allclose(
        codes, reference(scores(), epsilon, rounds), rtol=1e-4, atol=1e-6
    )


def test_rows_sum_to_one_and_prototypes_get_equally_much():
    crowded = scores() + np.array([3.0, 0.0, 0.0, 0.0], "float32")
    codes = np.asarray(sinkhorn(crowded, 0.5, 50))
    np.testing.assert_allclose(codes.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(codes.sum(axis=0), 6 / 4, rtol=1e-3)
    few = np.asarray(sinkhorn(crowded, 0.5, 3))
    np.testing.assert_allclose(few.sum(axis=1), 1, rtol=1e-5)


def test_equal_examples_are_spread_evenly():
    codes = sinkhorn(np.tile(scores(1), (5, 1)))
    np.testing.assert_allclose(codes, 0.25, rtol=1e-5)


def test_a_constant_of_a_row_or_a_prototype_does_not_matter():
    moved = scores() + 2.0 * scores(6, 1) + scores(1, 4)
    # What is added to a prototype is taken away by its first sum.
    np.testing.assert_allclose(
        sinkhorn(moved, 0.5, 40), sinkhorn(scores(), 0.5, 40), atol=1e-4
    )


def test_order_does_not_matter():
    codes = np.asarray(sinkhorn(scores()))
    again = np.asarray(sinkhorn(scores()[::-1, ::-1]))
    np.testing.assert_allclose(again[::-1, ::-1], codes, rtol=1e-4, atol=1e-7)


def test_scores_of_any_size_give_finite_codes_in_float32():
    for dtype in ("float16", "float32"):
        codes = np.asarray(sinkhorn((3e4 * scores()).astype(dtype)))
        assert codes.dtype == "float32" and np.isfinite(codes).all()
        np.testing.assert_allclose(codes.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scores": np.ones(3)}, "`scores` must have shape"),
        ({"scores": np.ones((2, 3, 4))}, "`scores` must have shape"),
        ({"scores": np.ones((0, 3))}, "`scores` must have shape"),
        ({"epsilon": 0.0}, "`epsilon` must be"),
        ({"rounds": 0}, "`rounds` must be"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        sinkhorn(**{"scores": scores(), **arguments})
