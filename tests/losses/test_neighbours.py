import numpy as np
import pytest
import tensorflow as tf

from kerassl.losses.neighbours import nearest_neighbour_info_nce


def rows(batch=5, dim=3):
    return np.random.default_rng(0).normal(size=(2, batch, dim)).astype("float32")


def reference_losses(neighbours, predictions, temperature):
    """Loops over the examples, in float64."""
    units = [
        x / np.linalg.norm(x, axis=1, keepdims=True)
        for x in (neighbours.astype("float64"), predictions.astype("float64"))
    ]
    similarity = units[0] @ units[1].T / temperature
    losses = []
    for i in range(len(similarity)):
        among_predictions = np.log(np.exp(similarity[i]).sum())
        among_neighbours = np.log(np.exp(similarity[:, i]).sum())
        losses.append((among_predictions + among_neighbours) / 2 - similarity[i, i])
    return losses


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_matches_reference(temperature):
    neighbours, predictions = rows()
    np.testing.assert_allclose(
        nearest_neighbour_info_nce(neighbours, predictions, temperature=temperature),
        reference_losses(neighbours, predictions, temperature),
        rtol=1e-4,
        atol=1e-6,
    )


def test_limits():
    eye, ones = np.eye(4, dtype="float32"), np.ones((4, 4), "float32")
    assert float(tf.reduce_max(nearest_neighbour_info_nce(eye, eye, None, None))) < 1e-3
    # A prediction that says nothing, and neighbours that are all the same one.
    for pair in ((eye, ones), (ones, eye), (ones, ones)):
        losses = nearest_neighbour_info_nce(*pair)
        np.testing.assert_allclose(losses, np.log(4), rtol=1e-5)


def test_parts_of_a_batch_give_loss_and_gradient_of_the_whole():
    neighbours, predictions = rows(batch=6)
    predictions = tf.Variable(predictions)

    def in_parts(p):
        parts = [
            nearest_neighbour_info_nce(neighbours[a:b], p[a:b], neighbours, p, a)
            for a, b in [(0, 2), (2, 6)]
        ]
        return tf.concat(parts, 0)

    found = []
    for losses in (in_parts, lambda p: nearest_neighbour_info_nce(neighbours, p)):
        with tf.GradientTape() as tape:
            value = losses(predictions * 1.0)
        found.append((value, tape.gradient(value, predictions)))
    for parts, whole in zip(*found, strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((np.ones((4, 2)), np.ones((4, 3))), r"rows of one length.*\(4, 2\)"),
        ((np.ones(4), np.ones(4)), "must be matrices"),
        ((np.ones((4, 2)), np.ones((4, 2)), None, None, 0, 0.0), "temperature=0.0"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbour_info_nce(*arguments)
