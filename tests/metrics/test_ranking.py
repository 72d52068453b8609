import numpy as np
import pytest
from keras import ops
from sklearn.metrics import roc_auc_score

from kerassl.metrics.ranking import share_below


@pytest.mark.parametrize("steps", [3, 1000])
def test_the_mean_is_scikit_learns_area(steps):
    """With few different scores most are tied."""
    random = np.random.default_rng(steps)
    scores = random.integers(0, steps, 500).astype("float32")
    positive = random.uniform(size=500) < 0.2 + 0.3 * scores / steps
    counted = random.uniform(size=500) < 0.7
    shares = np.asarray(share_below(scores, scores, ~positive & counted))
    known = positive | counted
    area = roc_auc_score(positive[known], scores[known])
    assert shares[positive].mean() == pytest.approx(area, abs=1e-6)


def test_any_shape_and_nothing_to_compare_with():
    scores = ops.array([[1.0, 2.0], [3.0, 4.0]])
    others = ops.array([1.0, 2.5, 4.0])
    found = share_below(scores, others, ops.array([True, True, False]))
    np.testing.assert_allclose(found, [[0.25, 0.5], [1.0, 1.0]])
    none = share_below(scores, others, ops.zeros((3,), "bool"))
    np.testing.assert_array_equal(none, np.zeros((2, 2)))


@pytest.mark.parametrize("shapes", [((3,), (2,)), ((3, 1), (3, 1))])
def test_shapes_that_do_not_fit(shapes):
    others, counted = ops.zeros(shapes[0]), ops.zeros(shapes[1], "bool")
    with pytest.raises(ValueError, match="must be vectors of one length"):
        share_below(ops.zeros((2,)), others, counted)
