import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl.losses.contrastive import (
    decoupled_contrastive,
    in_batch_info_nce,
    in_batch_logits,
    nt_xent,
    nt_xent_logits,
    nt_xent_per_example,
    queue_info_nce,
    queue_logits,
    supervised_contrastive,
    von_mises_fisher_weights,
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


def reference_decoupled(z1, z2, temperature, weights=None):
    """Loops over the 2N anchors; the denominator has all other images' views."""
    z = np.concatenate([z1, z2]).astype("float64")
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    n = len(z1)
    weights = np.ones(n) if weights is None else weights
    losses = np.zeros(2 * n)
    for i in range(2 * n):
        others = [z[i] @ z[k] / temperature for k in range(2 * n) if k % n != i % n]
        positive = z[i] @ z[(i + n) % (2 * n)] / temperature
        losses[i] = np.log(np.exp(others).sum()) - weights[i % n] * positive
    return (losses[:n] + losses[n:]) / 2


def reference_weights(z1, z2, sigma):
    cosines = np.array(
        [
            a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
            for a, b in zip(z1.astype("float64"), z2, strict=True)
        ]
    )
    density = np.exp(cosines / sigma)
    return 2 - density / density.mean()


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_decoupled_matches_reference(temperature):
    z1, z2 = pairs()
    np.testing.assert_allclose(
        decoupled_contrastive(z1, z2, temperature=temperature),
        reference_decoupled(z1, z2, temperature),
        rtol=1e-4,
    )
    weights = reference_weights(z1, z2, 0.5)
    np.testing.assert_allclose(von_mises_fisher_weights(z1, z2), weights, rtol=1e-4)
    np.testing.assert_allclose(
        decoupled_contrastive(z1, z2, temperature=temperature, weights=weights),
        reference_decoupled(z1, z2, temperature, weights),
        rtol=1e-4,
    )


def test_decoupled_of_parts_is_that_of_the_whole():
    z1, z2 = pairs(batch=6)
    whole = von_mises_fisher_weights(z1, z2, sigma=0.3)
    cuts = [(0, 2), (2, 6)]
    parts = [
        von_mises_fisher_weights(z1[a:b], z2[a:b], z1, z2, sigma=0.3) for a, b in cuts
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)
    losses = [
        decoupled_contrastive(z1[a:b], z2[a:b], z1, z2, a, weights=w)
        for (a, b), w in zip(cuts, parts, strict=True)
    ]
    expected = decoupled_contrastive(z1, z2, weights=whole)
    np.testing.assert_allclose(np.concatenate(losses), expected, rtol=1e-5)


def test_unrelated_embeddings_have_the_decoupled_loss_at_chance():
    chance = np.log(2 * 32 - 2)
    ones = np.ones((32, 3), "float32")
    np.testing.assert_allclose(decoupled_contrastive(ones, ones), chance, rtol=1e-6)
    z1, z2 = pairs(batch=32, dim=4096)
    loss = decoupled_contrastive(z1, z2, weights=von_mises_fisher_weights(z1, z2))
    np.testing.assert_allclose(ops.mean(loss), chance, atol=0.05)


def gradient(loss, z):
    """Returns the gradient of a mean loss by z."""
    z = tf.Variable(z)
    with tf.GradientTape() as tape:
        value = ops.mean(loss(z))
    return tape.gradient(value, z, unconnected_gradients="zero").numpy()


def test_the_pull_of_a_decoupled_pair_does_not_fade():
    """What the paper removes: NT-Xent's gradient of pairs that are told well."""
    z1 = np.eye(4, 5, dtype="float32")
    z2 = z1 + 0.1 * np.eye(1, 5, 4, dtype="float32")
    coupled = gradient(lambda z: nt_xent_per_example(z, z2), z1)
    decoupled = gradient(lambda z: decoupled_contrastive(z, z2), z1)
    assert np.abs(coupled).max() < 0.01 * np.abs(decoupled).max()


def test_decoupled_gradient_is_that_of_the_reference():
    z1, z2 = pairs(batch=3, dim=2)
    found = gradient(lambda z: decoupled_contrastive(z, z2, temperature=0.5), z1)
    for at in np.ndindex(*z1.shape):
        step = np.zeros(z1.shape)
        step[at] = 1e-5
        ends = [reference_decoupled(z1 + d, z2, 0.5).mean() for d in (step, -step)]
        np.testing.assert_allclose(found[at], (ends[0] - ends[1]) / 2e-5, rtol=1e-3)


def test_no_gradient_flows_through_the_weights():
    z1, z2 = pairs()
    assert not gradient(lambda z: von_mises_fisher_weights(z, z2), z1).any()


def test_weights_are_1_on_average_and_for_equal_pairs():
    z1, z2 = pairs()
    weights = von_mises_fisher_weights(z1, z2, sigma=0.005)
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(np.mean(weights), 1, rtol=1e-5)
    np.testing.assert_allclose(von_mises_fisher_weights(z1, z1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"z2": np.ones((3, 2))}, r"z1, z2.*\(4, 2\) and \(3, 2\)"),
        ({"temperature": 0.0}, "temperature=0.0"),
        ({"weights": np.ones(3)}, r"`weights`.*\(3,\)"),
        ({"weights": np.full(4, np.nan)}, "`weights` must be finite"),
        ({"z1": np.ones((1, 2)), "z2": np.ones((1, 2))}, "`z1` must have 2 or more"),
    ],
)
def test_decoupled_errors(arguments, message):
    z = np.ones((4, 2))
    with pytest.raises(ValueError, match=message):
        decoupled_contrastive(**{"z1": z, "z2": z, **arguments})


def test_weights_errors():
    with pytest.raises(ValueError, match="`sigma` must.*sigma=0"):
        von_mises_fisher_weights(*pairs(), sigma=0)
    with pytest.raises(ValueError, match="z1, z2"):
        von_mises_fisher_weights(np.ones((4, 2)), np.ones((3, 2)))


CLASSES = np.array([2, 0, 2, 1, 0, 2])


def written_supervised(z1, z2, labels, temperature):
    """Returns the loss of each view by the paper's sums, one anchor at a time."""
    z = np.concatenate([z1, z2]).astype("float64")
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    classes = np.concatenate([labels, labels])
    losses = []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        total = sum(np.exp(z[i] @ z[a] / temperature) for a in others)
        of_class = [a for a in others if classes[a] == classes[i]]
        terms = [np.log(np.exp(z[i] @ z[p] / temperature) / total) for p in of_class]
        losses.append(-np.sum(terms) / len(of_class))
    return np.array(losses)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_supervised_contrastive_matches_the_written_sums(temperature):
    z1, z2 = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    found = supervised_contrastive(z1, z2, CLASSES, temperature=temperature)
    expected = written_supervised(z1, z2, CLASSES, temperature).reshape(2, 6).mean(0)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_supervised_contrastive_of_parts_is_that_of_the_whole():
    z1, z2 = np.random.default_rng(1).normal(size=(2, 6, 4)).astype("float32")
    whole = supervised_contrastive(z1, z2, CLASSES)
    parts = [
        supervised_contrastive(z1[a:b], z2[a:b], CLASSES[a:b], z1, z2, CLASSES, a)
        for a, b in ((0, 4), (4, 6))
    ]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def test_supervised_contrastive_is_nt_xent_where_every_class_has_one_example():
    z1, z2 = np.random.default_rng(2).normal(size=(2, 5, 4)).astype("float32")
    found = supervised_contrastive(z1, z2, np.arange(5), temperature=0.3)
    expected = nt_xent_per_example(z1, z2, temperature=0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_limits_of_supervised_contrastive():
    same = np.ones((6, 4), "float32")
    found = supervised_contrastive(same, same, CLASSES)
    np.testing.assert_allclose(found, np.log(11), rtol=1e-5)
    # Classes apart: only the number of positives is left, 5, 3 and 1 of them.
    apart = 5 * np.eye(3, dtype="float32")[CLASSES]
    found = supervised_contrastive(apart, apart, CLASSES, temperature=0.02)
    np.testing.assert_allclose(found, np.log([5, 3, 5, 1, 3, 5]), atol=1e-5)


def test_the_names_of_classes_do_not_matter():
    z1, z2 = np.random.default_rng(3).normal(size=(2, 6, 4)).astype("float32")
    found = supervised_contrastive(z1, z2, np.array([7, -1, 7, 5, -1, 7]))
    np.testing.assert_array_equal(found, supervised_contrastive(z1, z2, CLASSES))


@pytest.mark.parametrize("labels", [CLASSES[:4], CLASSES[:, None], np.zeros(())])
def test_other_labels_are_refused(labels):
    z = np.ones((6, 4), "float32")
    with pytest.raises(ValueError, match="`labels` must be a vector"):
        supervised_contrastive(z, z, labels)
