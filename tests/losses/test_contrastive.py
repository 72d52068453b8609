import numpy as np
import pytest
from keras import ops

from kerassl.losses.contrastive import (
    in_batch_info_nce,
    in_batch_logits,
    nt_xent,
    nt_xent_logits,
    nt_xent_per_example,
    queue_info_nce,
    queue_logits,
)


def reference_losses(z1, z2, temperature):
    """Loops over the 2N anchors as the paper's algorithm 1 does."""
    z = np.concatenate([z1, z2]).astype("float64")
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    n = len(z1)
    losses = np.zeros(2 * n)
    for i in range(2 * n):
        scores = np.array([z[i] @ z[k] for k in range(2 * n) if k != i]) / temperature
        positive = z[i] @ z[(i + n) % (2 * n)] / temperature
        losses[i] = np.log(np.exp(scores).sum()) - positive
    return (losses[:n] + losses[n:]) / 2


def pairs(batch=5, dim=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, batch, dim)).astype("float32")


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
def test_matches_reference(temperature):
    z1, z2 = pairs()
    expected = reference_losses(z1, z2, temperature)
    np.testing.assert_allclose(
        nt_xent_per_example(z1, z2, temperature=temperature), expected, rtol=1e-5
    )
    np.testing.assert_allclose(nt_xent(z1, z2, temperature), expected.mean(), rtol=1e-5)


def test_order_of_examples_and_of_views_does_not_matter():
    z1, z2 = pairs()
    order = np.array([3, 1, 4, 0, 2])
    loss = nt_xent(z1, z2)
    np.testing.assert_allclose(nt_xent(z1[order], z2[order]), loss, rtol=1e-6)
    np.testing.assert_allclose(nt_xent(z2, z1), loss, rtol=1e-6)


def test_scale_of_projections_does_not_matter():
    z1, z2 = pairs()
    np.testing.assert_allclose(nt_xent(7 * z1, 0.1 * z2), nt_xent(z1, z2), rtol=1e-5)


def test_perfect_match_of_orthogonal_pairs():
    eye = np.eye(4, dtype="float32")
    expected = np.log(1 + 6 * np.exp(-2.0))
    np.testing.assert_allclose(nt_xent(eye, eye, temperature=0.5), expected, rtol=1e-6)
    assert float(nt_xent(eye, eye, temperature=0.01)) < 1e-6


def test_collapsed_projections_give_the_log_of_the_candidates():
    ones = np.ones((4, 3), "float32")
    np.testing.assert_allclose(nt_xent(ones, ones), np.log(7), rtol=1e-6)


def test_parts_of_a_batch_give_the_loss_of_the_whole():
    z1, z2 = pairs(batch=6)
    whole = nt_xent_per_example(z1, z2)
    parts = [
        nt_xent_per_example(z1[a:b], z2[a:b], z1, z2, offset=a)
        for a, b in [(0, 2), (2, 6)]
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_an_anchor_is_never_its_own_candidate():
    logits, positives = nt_xent_logits(*pairs(batch=3), offset=0)
    assert (np.diag(ops.convert_to_numpy(logits)) < -1e8).all()
    assert ops.convert_to_numpy(positives).tolist() == [3, 4, 5, 0, 1, 2]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((np.ones((4, 2)), np.ones((3, 2))), r"z1, z2.*\(4, 2\) and \(3, 2\)"),
        ((np.ones(4), np.ones(4)), "z1, z2"),
        ((np.ones((4, 2)), np.ones((4, 2)), 0.0), "temperature=0.0"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        nt_xent(*arguments)


def test_keys_of_another_width_are_refused():
    with pytest.raises(ValueError, match="same number of dimensions"):
        nt_xent_per_example(*pairs(dim=3), *pairs(dim=4))


def reference_info_nce(queries, keys, temperature):
    """Loops over the queries; key i is the one that query i must find."""
    losses = []
    for i, query in enumerate(queries.astype("float64")):
        lengths = np.linalg.norm(query) * np.linalg.norm(keys, axis=1)
        scores = keys @ query / lengths / temperature
        losses.append(-np.log(np.exp(scores[i]) / np.exp(scores).sum()))
    return np.array(losses)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_info_nce_matches_reference(temperature):
    queries, keys = pairs()
    np.testing.assert_allclose(
        in_batch_info_nce(queries, keys, temperature=temperature),
        reference_info_nce(queries, keys, temperature),
        rtol=1e-4,
        atol=1e-6,
    )


def test_info_nce_limits():
    eye, ones = np.eye(4, dtype="float32"), np.ones((4, 3), "float32")
    assert float(ops.max(in_batch_info_nce(eye, eye))) < 1e-6
    np.testing.assert_allclose(in_batch_info_nce(ones, ones), np.log(4), rtol=1e-6)


def test_info_nce_of_parts_is_that_of_the_whole():
    queries, keys = pairs(batch=6)
    parts = [in_batch_info_nce(queries[a:b], keys, a) for a, b in [(0, 2), (2, 6)]]
    whole = in_batch_info_nce(queries, keys)
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)
    logits, positives = in_batch_logits(queries[4:], keys, offset=4)
    assert logits.shape == (2, 6)
    assert ops.convert_to_numpy(positives).tolist() == [4, 5]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((np.ones((4, 2)), np.ones((4, 3))), r"`queries` and `keys`.*\(4, 2\)"),
        ((np.ones(4), np.ones((4, 2))), "`queries` and `keys`"),
        ((np.ones((4, 2)), np.ones((4, 2)), 0, -1.0), "temperature=-1.0"),
    ],
)
def test_info_nce_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        in_batch_info_nce(*arguments)


def reference_queue_losses(queries, keys, queue, temperature):
    """Loops over the queries: the own key against all rows of the queue."""

    def cosine(a, b):
        return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))

    losses = []
    for query, key in zip(queries.astype("float64"), keys, strict=True):
        positive = np.exp(cosine(query, key) / temperature)
        negatives = [np.exp(cosine(query, row) / temperature) for row in queue]
        losses.append(-np.log(positive / (positive + sum(negatives))))
    return np.array(losses)


def queries_keys_and_queue(size=7):
    queries, keys = pairs()
    queue = pairs(batch=size, seed=1)[0]
    return queries, keys, queue / np.linalg.norm(queue, axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_queue_info_nce_matches_reference(temperature):
    tensors = queries_keys_and_queue()
    np.testing.assert_allclose(
        queue_info_nce(queue_logits(*tensors, temperature)),
        reference_queue_losses(*tensors, temperature),
        rtol=1e-4,
        atol=1e-6,
    )


def test_queue_info_nce_limits():
    eye, other = np.eye(4, dtype="float32")[:2], np.eye(4, dtype="float32")[2:]
    assert float(ops.max(queue_info_nce(queue_logits(eye, eye, other, 0.05)))) < 1e-6
    same = np.ones((5, 4), "float32") / 2
    chance = queue_info_nce(queue_logits(same[:2], same[:2], same))
    np.testing.assert_allclose(chance, np.log(6), rtol=1e-6)


def test_order_in_the_queue_does_not_matter():
    queries, keys, queue = queries_keys_and_queue()
    losses = queue_info_nce(queue_logits(queries, keys, queue))
    again = queue_info_nce(queue_logits(queries, keys, queue[::-1]))
    np.testing.assert_allclose(again, losses, rtol=1e-6)


@pytest.mark.parametrize(
    "shapes, temperature, message",
    [
        ([(4, 2), (4, 3), (5, 2)], 0.2, r"`queries` and `keys`.*\(4, 3\)"),
        ([(4, 2), (4, 2), (5, 3)], 0.2, r"`queue` must be.*\(5, 3\)"),
        ([(4, 2), (3, 2), (5, 2)], 0.2, r"one shape"),
        ([(4, 2), (4, 2), (5, 2)], 0.0, r"temperature=0.0"),
    ],
)
def test_queue_logits_errors(shapes, temperature, message):
    with pytest.raises(ValueError, match=message):
        queue_logits(*(np.ones(shape) for shape in shapes), temperature)


def test_queue_info_nce_wants_a_matrix():
    with pytest.raises(ValueError, match=r"`logits`.*\(3,\)"):
        queue_info_nce(np.ones(3))
