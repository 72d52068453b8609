import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl.losses.triplet import triplet_loss


def pairs(batch=6, dim=3, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(2, batch, dim)).astype("float32")


def reference(z1, z2, margin, mining):
    """Loops over the anchors, and over all negatives of each."""
    z = np.concatenate([z1, z2]).astype("float64")
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    n, losses = len(z1), []
    for i, anchor in enumerate(z):
        distance = ((z - anchor) ** 2).sum(1)
        positive = distance[(i + n) % (2 * n)]
        negatives = [distance[k] for k in range(2 * n) if k % n != i % n]
        further = [d for d in negatives if d > positive]
        if mining == "batch-hard":
            negative = min(negatives)
        else:
            negative = min(further) if further else max(negatives)
        losses.append(max(0.0, positive - negative + margin))
    return np.array(losses)


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
@pytest.mark.parametrize("margin", [0.2, 1.5])
def test_matches_reference(margin, mining):
    z1, z2 = pairs()
    expected = reference(z1, z2, margin, mining)
    found = triplet_loss(z1, z2, margin=margin, mining=mining)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    # One pair of opposite directions has no negative that is further.
    z2[0] = -z1[0]
    expected = reference(z1, z2, margin, mining)
    assert expected[0] > margin
    found = triplet_loss(z1, z2, margin=margin, mining=mining)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
def test_parts_of_a_batch_give_the_losses_of_the_whole(mining):
    z1, z2 = pairs()
    whole = np.reshape(triplet_loss(z1, z2, mining=mining), (2, 6))
    parts = [
        np.reshape(triplet_loss(z1[a:b], z2[a:b], z1, z2, a, mining=mining), (2, -1))
        for a, b in [(0, 2), (2, 6)]
    ]
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
def test_equal_embeddings_stand_at_the_margin(mining):
    ones = np.ones((4, 3), "float32")
    losses = triplet_loss(ones, ones, margin=0.3, mining=mining)
    np.testing.assert_allclose(losses, 0.3, atol=1e-6)


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
def test_pairs_that_are_told_by_the_margin_have_no_loss(mining):
    eye = np.eye(4, dtype="float32")
    assert not np.any(triplet_loss(eye, 3 * eye, margin=1.9, mining=mining))


def test_semi_hard_negatives_of_unrelated_embeddings_are_near_the_margin():
    z1, z2 = pairs(batch=64, dim=128)
    losses = np.array(triplet_loss(z1, z2))
    np.testing.assert_allclose(losses[losses > 0].mean(), 0.2, atol=0.02)
    assert np.mean(triplet_loss(z1, z2, mining="batch-hard")) > 0.4


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
def test_gradient_is_finite_where_all_distances_are_0(mining):
    for value in (0.0, 1.0):
        z = tf.Variable(np.full((4, 3), value, "float32"))
        with tf.GradientTape() as tape:
            loss = ops.sum(triplet_loss(z, z, mining=mining))
        assert np.isfinite(tape.gradient(loss, z)).all()


def test_gradient_is_that_of_the_reference():
    z1, z2 = pairs(batch=4)
    z = tf.Variable(z1)
    with tf.GradientTape() as tape:
        loss = ops.sum(triplet_loss(z, z2, margin=1.0))
    found = tape.gradient(loss, z).numpy()
    for at in np.ndindex(*z1.shape):
        step = np.zeros(z1.shape)
        step[at] = 1e-6
        ends = [
            reference(z1 + move, z2, 1.0, "semi-hard").sum() for move in (step, -step)
        ]
        wanted = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(found[at], wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"z2": np.ones((3, 2))}, r"z1, z2.*\(4, 2\) and \(3, 2\)"),
        ({"margin": 0}, "`margin` must.*margin=0"),
        ({"margin": 4.0}, "`margin` must.*margin=4.0"),
        ({"mining": "hard"}, "`mining` must be one of 'semi-hard', 'batch-hard'"),
        ({"z1": np.ones((1, 2)), "z2": np.ones((1, 2))}, "`z1` must have 2 or more"),
        ({"z1": np.full((4, 2), np.inf)}, "`z1` must be finite"),
    ],
)
def test_errors(arguments, message):
    z = np.ones((4, 2))
    with pytest.raises(ValueError, match=message):
        triplet_loss(**{"z1": z, "z2": z, **arguments})
