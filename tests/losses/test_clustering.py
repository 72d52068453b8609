import numpy as np
import pytest
import tensorflow as tf

from kerassl.losses.clustering import swapped_prediction


def inputs(batch=5, views=4, coded=2, prototypes=3):
    random = np.random.default_rng(0)
    scores = random.uniform(-1, 1, (batch, views, prototypes))
    codes = random.dirichlet(np.ones(prototypes), (batch, coded))
    return scores.astype("float32"), codes.astype("float32")


def log_softmax(x):
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(("views", "coded"), [(2, 2), (4, 2), (3, 1), (2, 1)])
def test_matches_numpy(views, coded):
    scores, codes = inputs(views=views, coded=coded)
    logs = log_softmax(scores / 0.3)
    expected = [
        np.mean(
            [
                np.mean([-codes[b, a] @ logs[b, v] for v in range(views) if v != a])
                for a in range(coded)
            ]
        )
        for b in range(len(scores))
    ]
    losses = swapped_prediction(scores, codes, temperature=0.3)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_limits():
    scores, codes = inputs(prototypes=7)
    chance = swapped_prediction(np.zeros_like(scores), codes)
    np.testing.assert_allclose(chance, np.log(7), rtol=1e-6)
    one = np.eye(7, dtype="float32")[np.array([[2, 2, 2, 2]])]
    np.testing.assert_allclose(swapped_prediction(one, one[:, :2], 0.01), 0, atol=1e-6)


def test_a_view_does_not_predict_its_own_code():
    scores, codes = inputs(views=2)
    alone = swapped_prediction(scores, codes[:, :1])
    other = scores.copy()
    other[:, 0] = 5.0
    np.testing.assert_array_equal(swapped_prediction(other, codes[:, :1]), alone)


def test_gradients_go_to_the_predictions_alone():
    scores, codes = map(tf.Variable, inputs())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(swapped_prediction(scores, codes, 0.5))
    of_scores, of_codes = tape.gradient(loss, (scores, codes))
    assert of_codes is None
    # By hand: (softmax - mean of the other views' codes) / temperature.
    own, all_codes = scores.numpy(), codes.numpy()
    p = np.exp(log_softmax(own / 0.5))
    expected = (p[:, 2] - all_codes.mean(axis=1)) / 3 / 0.5
    np.testing.assert_allclose(of_scores[:, 2], expected, atol=1e-5)
    expected = (p[:, 0] - all_codes[:, 1]) / 3 / 0.5 / 2
    np.testing.assert_allclose(of_scores[:, 0], expected, atol=1e-5)


def test_half_precision_is_computed_in_float32():
    scores, codes = inputs()
    losses = swapped_prediction(scores.astype("float16"), codes.astype("float16"))
    assert losses.dtype == tf.float32
    np.testing.assert_allclose(losses, swapped_prediction(scores, codes), rtol=1e-2)


@pytest.mark.parametrize(
    ("scores", "codes"),
    [
        ((5, 3), (5, 3)),
        ((5, 1, 3), (5, 1, 3)),
        ((5, 2, 3), (4, 2, 3)),
        ((5, 2, 3), (5, 2, 4)),
        ((5, 2, 3), (5, 3, 3)),
        ((5, 2, 3), (5, 0, 3)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(scores, codes):
    with pytest.raises(ValueError, match="`scores` must have shape"):
        swapped_prediction(np.ones(scores, "float32"), np.ones(codes, "float32"))


def test_numbers_out_of_range_are_refused():
    scores, codes = inputs()
    with pytest.raises(ValueError, match="`temperature` must be above 0"):
        swapped_prediction(scores, codes, temperature=0.0)
    with pytest.raises(ValueError, match="`scores` must be finite"):
        swapped_prediction(scores * np.nan, codes)
