import numpy as np
import pytest
from keras import ops

from kerassl.losses.language import token_cross_entropy


def reference(logits, targets):
    """Minus the logarithm of the softmax, in float64."""
    logits = np.asarray(logits, "float64")
    logits = logits - logits.max(-1, keepdims=True)
    log_probabilities = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return -np.take_along_axis(log_probabilities, targets[..., None], -1)[..., 0]


def test_equals_numpy():
    random = np.random.default_rng(0)
    logits = random.normal(size=(3, 5, 11)).astype("float32")
    targets = random.integers(0, 11, (3, 5))
    values = ops.convert_to_numpy(token_cross_entropy(logits, targets))
    np.testing.assert_allclose(values, reference(logits, targets), rtol=1e-5)


def test_huge_logits_are_finite_and_a_shift_changes_nothing():
    logits = np.array([[[1e4, 0.0, -1e4], [0.5, 0.0, -0.5]]], "float32")
    targets = np.array([[2, 0]])
    values = ops.convert_to_numpy(token_cross_entropy(logits, targets))
    np.testing.assert_allclose(values[0, 0], 2e4)
    shifted = ops.convert_to_numpy(token_cross_entropy(logits + 64.0, targets))
    np.testing.assert_allclose(shifted[0, 1], values[0, 1], rtol=1e-4)


def test_a_sure_right_answer_costs_nothing():
    logits = ops.array([[100.0, 0.0]])
    assert float(token_cross_entropy(logits, ops.array([0]))[0]) == 0


def test_bfloat16_logits_are_summed_in_float32():
    logits = ops.zeros((2, 1000), "bfloat16")
    values = token_cross_entropy(logits, ops.zeros((2,), "int32"))
    assert values.dtype == "float32"
    np.testing.assert_allclose(values, np.log(1000), rtol=1e-6)


@pytest.mark.parametrize("shape", [(2, 3), (4, 3, 7), (2, 3, 7, 1)])
def test_shapes_that_do_not_fit(shape):
    with pytest.raises(ValueError, match="shapes"):
        token_cross_entropy(ops.zeros(shape), ops.zeros((2, 3), "int32"))
