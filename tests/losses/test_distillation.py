import math

import numpy as np
import pytest
import tensorflow as tf

from kerassl.losses.distillation import (
    centred_softmax,
    cross_view_entropy,
    negative_cosine,
    normalized_squared_error,
    smooth_l1,
)


def vectors(batch=5, dim=3):
    return np.random.default_rng(0).normal(size=(2, batch, dim)).astype("float32")


def test_matches_reference():
    predictions, targets = vectors()
    expected = [
        np.sum((p / np.linalg.norm(p) - z / np.linalg.norm(z)) ** 2)
        for p, z in zip(predictions, targets, strict=True)
    ]
    losses = normalized_squared_error(predictions, targets)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_scale_does_not_matter():
    predictions, targets = vectors()
    losses = normalized_squared_error(predictions, targets)
    again = normalized_squared_error(7 * predictions, 0.1 * targets)
    np.testing.assert_allclose(again, losses, rtol=1e-5)


def test_limits():
    predictions, _ = vectors()
    same = normalized_squared_error(predictions, 2 * predictions)
    np.testing.assert_allclose(same, 0, atol=1e-6)
    opposite = normalized_squared_error(predictions, -predictions)
    np.testing.assert_allclose(opposite, 4, rtol=1e-6)
    eye = np.eye(2, dtype="float32")
    np.testing.assert_allclose(normalized_squared_error(eye, eye[::-1]), 2, rtol=1e-6)


def test_no_gradient_reaches_the_targets():
    predictions, targets = map(tf.Variable, vectors())
    with tf.GradientTape() as tape:
        losses = normalized_squared_error(predictions, targets)
    to_predictions, to_targets = tape.gradient(losses, [predictions, targets])
    assert np.abs(to_predictions).max() > 0.1
    assert to_targets is None


@pytest.mark.parametrize("loss", [negative_cosine, normalized_squared_error])
@pytest.mark.parametrize("shapes", [((4, 2), (4, 3)), ((4, 2), (3, 2)), ((4,), (4,))])
def test_errors(shapes, loss):
    with pytest.raises(ValueError, match="`predictions` and `targets`"):
        loss(*(np.ones(shape) for shape in shapes))


def test_negative_cosine_matches_reference():
    predictions, targets = vectors()
    expected = [
        -np.dot(p, z) / np.linalg.norm(p) / np.linalg.norm(z)
        for p, z in zip(predictions, targets, strict=True)
    ]
    np.testing.assert_allclose(negative_cosine(predictions, targets), expected, 1e-5)
    again = negative_cosine(7 * predictions, 0.1 * targets)
    np.testing.assert_allclose(again, expected, rtol=1e-5)


def test_negative_cosine_goes_from_minus_1_to_1():
    predictions, _ = vectors()
    np.testing.assert_allclose(negative_cosine(predictions, 2 * predictions), -1, 1e-6)
    np.testing.assert_allclose(negative_cosine(predictions, -predictions), 1, 1e-6)
    eye = np.eye(2, dtype="float32")
    np.testing.assert_allclose(negative_cosine(eye, eye[::-1]), 0, atol=1e-6)


def test_gradient_of_negative_cosine_reaches_predictions_alone():
    predictions, targets = map(tf.Variable, vectors())
    with tf.GradientTape() as tape:
        losses = negative_cosine(predictions, targets)
    found, to_targets = tape.gradient(losses, [predictions, targets])
    p, z = predictions.numpy(), targets.numpy()
    p, z = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (p, z))
    cosines = np.sum(p * z, axis=1, keepdims=True)
    lengths = np.linalg.norm(predictions.numpy(), axis=1, keepdims=True)
    np.testing.assert_allclose(found, (cosines * p - z) / lengths, 1e-4, 1e-5)
    assert to_targets is None


def softmax(x):
    exponents = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def logits(views, batch=5, dim=7):
    random = np.random.default_rng(1)
    return random.normal(size=(views, batch, dim)).astype("float32")


def test_centred_softmax_matches_numpy():
    (found,), centre = logits(1), logits(1)[0, 0]
    expected = softmax((found.astype("float64") - centre) / 0.2)
    np.testing.assert_allclose(
        centred_softmax(found, centre, 0.2), expected, rtol=1e-4, atol=1e-7
    )
    half = centred_softmax(tf.cast(found, "bfloat16"), centre, tf.constant(0.2))
    assert half.dtype == "float32"


def test_cross_view_entropy_matches_numpy():
    students, targets = logits(4), softmax(logits(2))
    pairs = [
        -(targets[t] * np.log(softmax(students[s] / 0.3))).sum(axis=-1)
        for t in range(2)
        for s in range(4)
        if s != t
    ]
    assert len(pairs) == 6
    found = cross_view_entropy(list(students), list(targets), 0.3)
    np.testing.assert_allclose(found, np.mean(pairs, axis=0), rtol=1e-5)


def test_a_view_is_not_compared_with_itself():
    students, targets = logits(2), softmax(logits(2))
    before = cross_view_entropy(list(students), list(targets))
    # Where the second view is uniform, what the first tells of its own target
    # counts for nothing, and only the second target is left to it.
    uniform = [students[0], np.zeros_like(students[1])]
    found = cross_view_entropy(uniform, list(targets))
    half = -(targets[1] * np.log(softmax(students[0] / 0.1))).sum(axis=-1) / 2
    np.testing.assert_allclose(found, half + math.log(7) / 2, rtol=1e-5)
    assert np.abs(np.array(found - before)).max() > 0.01


def test_gradient_is_that_of_softmax_and_stays_with_the_student():
    students, targets = map(tf.Variable, (logits(2), softmax(logits(2))))
    with tf.GradientTape() as tape:
        loss = cross_view_entropy(tf.unstack(students), tf.unstack(targets), 0.5)
    found, to_targets = tape.gradient(loss, [students, targets])
    other = np.array(targets)[::-1]
    expected = (softmax(np.array(students) / 0.5) - other) / 0.5 / 2
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert to_targets is None
    with tf.GradientTape() as tape:
        targets = centred_softmax(students[0], np.zeros(7, "float32"))
    assert tape.gradient(targets, students) is None


def test_limits_of_the_cross_entropy():
    targets = list(softmax(logits(2)))
    uniform = cross_view_entropy([np.zeros((5, 7), "float32")] * 3, targets)
    np.testing.assert_allclose(uniform, math.log(7), rtol=1e-6)
    sure = np.eye(7, dtype="float32")[:5]
    perfect = cross_view_entropy([100 * sure] * 3, [sure] * 2)
    np.testing.assert_allclose(perfect, 0, atol=1e-6)


@pytest.mark.parametrize(
    "students, targets, said",
    [
        ([(4, 2), (4, 3)], [(4, 2)], "`students` and `targets` must"),
        ([(4, 2), (4, 2)], [(3, 2)], "`students` and `targets` must"),
        ([(4,), (4,)], [(4,)], "`students` and `targets` must"),
        ([(4, 2)], [(4, 2)], "`students` must be two views or more"),
        ([(4, 2)] * 2, [(4, 2)] * 3, "`students` must be two views or more"),
        ([(4, 2)] * 2, [], "`students` must be two views or more"),
    ],
)
def test_views_that_do_not_fit_are_refused(students, targets, said):
    with pytest.raises(ValueError, match=said):
        cross_view_entropy(list(map(np.ones, students)), list(map(np.ones, targets)))


def test_other_errors_of_dino():
    one = np.ones((4, 2), "float32")
    with pytest.raises(ValueError, match="`logits` and `centre` must"):
        centred_softmax(one, np.zeros(3))
    for temperature in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="`temperature` must"):
            centred_softmax(one, np.zeros(2), temperature)
        with pytest.raises(ValueError, match="`temperature` must"):
            cross_view_entropy([one, one], [one], temperature)
    with pytest.raises(ValueError, match="`students` must be finite"):
        cross_view_entropy([one, one * np.nan], [one])


def test_smooth_l1_matches_reference():
    x, y = np.random.default_rng(0).normal(size=(2, 3, 4, 50), scale=1.5)
    errors = np.abs(x - y)
    assert (errors < 1).any() and (errors > 1).any()
    expected = np.where(errors < 1, errors**2 / 2, errors - 0.5).mean(-1)
    np.testing.assert_allclose(smooth_l1(x, y), expected, rtol=1e-5)


def test_smooth_l1_of_0_and_normal_targets():
    targets = np.random.default_rng(0).normal(size=(100, 1000)).astype("float32")
    found = np.mean(smooth_l1(np.zeros_like(targets), targets))
    np.testing.assert_allclose(found, 0.425, atol=2e-3)


def test_gradient_of_smooth_l1_is_bounded_and_reaches_predictions_alone():
    predictions = tf.Variable([[0.5, 3.0, -3.0, 0.0]])
    targets = tf.Variable(np.zeros((1, 4), "float32"))
    with tf.GradientTape() as tape:
        loss = smooth_l1(predictions, targets)
    found, none = tape.gradient(loss, [predictions, targets])
    np.testing.assert_allclose(found, [[0.125, 0.25, -0.25, 0.0]], rtol=1e-6)
    assert none is None


@pytest.mark.parametrize("shapes", [((4, 2), (4, 3)), ((4, 2), (2,)), ((), ())])
def test_other_shapes_have_no_smooth_l1(shapes):
    with pytest.raises(ValueError, match="must have one shape"):
        smooth_l1(*(np.ones(shape, "float32") for shape in shapes))
