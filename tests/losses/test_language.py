import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl.losses.language import (
    detection_cross_entropy,
    lean_token_cross_entropy,
    token_cross_entropy,
)


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


def test_detection_equals_numpy_and_is_finite_for_sure_answers():
    scores = np.array([[0.3, -2.0, 1e4], [0.0, 50.0, -1e4]], "float32")
    replaced = np.array([[1, 0, 1], [0, 0, 1]])
    found = ops.convert_to_numpy(detection_cross_entropy(scores, replaced))
    signed = np.where(replaced, -scores, scores).astype("float64")
    np.testing.assert_allclose(found, np.logaddexp(0, signed), rtol=1e-5, atol=1e-7)
    half = detection_cross_entropy(ops.cast(scores[:, :2], "bfloat16"), replaced[:, :2])
    assert half.dtype == "float32"
    with pytest.raises(ValueError, match="one shape"):
        detection_cross_entropy(scores[..., None], replaced)


def lean_case(seed=0, shape=(2, 7), dim=5, vocabulary=11):
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(*shape, dim)).astype("float32")
    table = random.normal(size=(vocabulary, dim)).astype("float32")
    targets = random.integers(0, vocabulary, shape).astype("int32")
    weights = random.uniform(0, 2, shape).astype("float32")
    return hidden, table, targets, weights


def numpy_sum_and_gradients(hidden, table, targets, weights):
    hidden, table = hidden.astype("float64"), table.astype("float64")
    logits = hidden @ table.T
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    picked = np.take_along_axis(shares, targets[..., None], -1)[..., 0]
    slope = weights[..., None] * (shares - np.eye(len(table))[targets])
    by_table = np.einsum("btv,btd->vd", slope, hidden)
    return (-weights * np.log(picked)).sum(), slope @ table, by_table


@pytest.mark.parametrize("chunk_size", [1, 4, 14, 256])
@pytest.mark.parametrize("compiled", [None, False, True])
def test_lean_loss_and_its_gradients(chunk_size, compiled):
    hidden, table, targets, weights = lean_case()

    def differentiated(hidden, table):
        with tf.GradientTape() as tape:
            tape.watch([hidden, table])
            loss = lean_token_cross_entropy(
                hidden, table, targets, weights, chunk_size=chunk_size
            )
            scaled = 3.0 * loss
        return loss, *tape.gradient(scaled, [hidden, table])

    if compiled is not None:
        differentiated = tf.function(differentiated, jit_compile=compiled)
    found = differentiated(tf.constant(hidden), tf.constant(table))
    loss, by_hidden, by_table = numpy_sum_and_gradients(hidden, table, targets, weights)
    np.testing.assert_allclose(found[0], loss, rtol=1e-5)
    np.testing.assert_allclose(found[1], 3 * by_hidden, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found[2], 3 * by_table, rtol=1e-4, atol=1e-5)


def test_lean_loss_of_all_tokens_alike():
    hidden, table, targets, _ = lean_case()
    plain = token_cross_entropy(hidden @ table.T, targets)
    lean = lean_token_cross_entropy(hidden, table, targets, chunk_size=5)
    np.testing.assert_allclose(lean, np.sum(plain), rtol=1e-5)


def test_lean_loss_in_bfloat16_follows_the_plain_one():
    hidden, table, targets, weights = lean_case(dim=16, vocabulary=40)

    def gradients(function):
        states = tf.cast(hidden, "bfloat16")
        variable = tf.Variable(table)
        with tf.GradientTape() as tape:
            tape.watch(states)
            loss = function(states, variable)
        return loss, *tape.gradient(loss, [states, variable])

    def plain(states, variable):
        logits = states @ tf.transpose(tf.cast(variable, "bfloat16"))
        return tf.reduce_sum(weights * token_cross_entropy(logits, targets))

    def lean(states, variable):
        return lean_token_cross_entropy(
            states, variable, targets, weights, chunk_size=4
        )

    exact = numpy_sum_and_gradients(hidden, table, targets, weights)
    for one, two, true in zip(gradients(lean), gradients(plain), exact, strict=True):
        one, two = tf.convert_to_tensor(one), tf.convert_to_tensor(two)
        assert one.dtype == two.dtype
        error, expected = (np.abs(np.asarray(v, "float64") - true) for v in (one, two))
        assert error.mean() <= max(1.3 * expected.mean(), 1e-3 * np.abs(true).mean())


def test_lean_loss_with_an_open_number_of_tokens():
    hidden, table, targets, _ = lean_case(shape=(3, 5))
    specs = [tf.TensorSpec((None, 5, 5)), tf.TensorSpec((None, 5), tf.int32)]
    function = tf.function(
        lambda h, t: lean_token_cross_entropy(h, table, t, chunk_size=4),
        input_signature=specs,
    )
    expected, *_ = numpy_sum_and_gradients(hidden, table, targets, np.ones((3, 5)))
    np.testing.assert_allclose(function(hidden, targets), expected, rtol=1e-5)


def test_lean_loss_refuses_what_does_not_fit():
    hidden, table, targets, _ = lean_case()
    with pytest.raises(ValueError, match=r"`embeddings`.*5. Received: \(5, 11\)"):
        lean_token_cross_entropy(hidden, table.T, targets)
    with pytest.raises(ValueError, match="`targets` must have the leading axes"):
        lean_token_cross_entropy(hidden, table, targets[0])
    with pytest.raises(ValueError, match="`chunk_size`.*Received: 0"):
        lean_token_cross_entropy(hidden, table, targets, chunk_size=0)
