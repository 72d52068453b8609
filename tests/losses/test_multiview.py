import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

from kerassl.losses.multiview import multiview_info_nce, multiview_logits


def views(count=3, batch=6, dim=4):
    random = np.random.default_rng(0)
    return [random.normal(size=(batch, dim)).astype("float32") for _ in range(count)]


def numpy_loss(views, temperature):
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in views]
    total = np.zeros(len(views[0]))
    for a in unit:
        for b in unit:
            if a is not b:
                s = a @ b.T / temperature
                total += logsumexp(s, axis=1) - np.diag(s)
    return total


@pytest.mark.parametrize("count", [2, 3])
def test_loss_matches_numpy(count):
    z = views(count)
    found = multiview_info_nce(z, temperature=0.2)
    np.testing.assert_allclose(found, numpy_loss(z, 0.2), rtol=1e-5)


def test_rows_of_another_device_are_negatives_too():
    z = views()
    whole = multiview_info_nce(z)
    last = multiview_info_nce([v[4:] for v in z], z, offset=4)
    np.testing.assert_allclose(last, whole[4:], rtol=1e-5)


def test_equal_embeddings_give_chance_and_matching_ones_nothing():
    equal = [np.ones((5, 3), "float32")] * 2
    np.testing.assert_allclose(multiview_info_nce(equal), 2 * math.log(5), rtol=1e-5)
    matching = [np.eye(5, dtype="float32")] * 2
    np.testing.assert_allclose(multiview_info_nce(matching), 0, atol=1e-4)


def test_no_view_is_compared_with_itself_and_all_order_is_alike():
    z = views()
    assert len(multiview_logits(z)) == 6
    moved = [3 * v[::-1] for v in (z[2], z[0], z[1])]
    np.testing.assert_allclose(
        multiview_info_nce(moved)[::-1], multiview_info_nce(z), rtol=1e-4
    )


def test_gradient_flows_to_both_sides():
    z = [tf.Variable(v) for v in views(2)]
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(multiview_info_nce(z))
    for gradient in tape.gradient(value, z):
        assert np.abs(gradient).max() > 1e-3


def test_errors():
    with pytest.raises(ValueError, match="`views` must be two or more"):
        multiview_info_nce(views(1))
    with pytest.raises(ValueError, match="`keys` as many"):
        multiview_info_nce(views(2), views(3))
    with pytest.raises(ValueError, match="`temperature`"):
        multiview_info_nce(views(2), temperature=0)
