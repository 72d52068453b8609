import keras
import numpy as np
import pytest
from digit_views import digits, few_label_accuracy, unit_rows
from scipy.special import logsumexp

from kerassl.encoders import plain_cnn, side_by_side
from kerassl.models.contrastive.cmc import CMC
from kerassl.pretext import LabView, RandomView


def tiny(**options):
    keras.utils.set_random_seed(0)
    parts = [
        plain_cnn((8, 8, width), (6,), (2,), name=name)
        for name, width in (("l", 1), ("ab", 2))
    ]
    sizes = {"projection_dim": 8, **options}
    return CMC(side_by_side(parts), LabView(8, jit_compile=False), **sizes)


def batch(task, count=16):
    images = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3), "uint8")
    (x,) = task.pretext(images, (0, 0))
    return {"image": np.array(x["image"])}


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=len(x["image"]), verbose=0, return_dict=True)


def projections(task, x, training=False):
    """Returns what heads make of the layers of the views, of length 1."""
    outputs = [task.encoder.get_layer(view).output for view in task.view_names]
    features = keras.Model(task.encoder.input, outputs)(x["image"], training=training)
    pairs = zip(task.heads, features, strict=True)
    return [unit_rows(head(h).numpy()) for head, h in pairs]


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task = tiny(temperature=0.3)
    x = batch(task)
    logs = logs_of(task, x)
    first, second = projections(task, x)
    logits = first @ second.T / 0.3
    losses = [logsumexp(s, axis=1) - np.diag(s) for s in (logits, logits.T)]
    np.testing.assert_allclose(logs["loss"], np.sum(losses, 0).mean(), rtol=1e-4)
    right = [(s.argmax(1) == np.arange(16)).mean() for s in (logits, logits.T)]
    np.testing.assert_allclose(logs["contrastive_accuracy"], np.mean(right), rtol=1e-5)


def test_a_queue_has_the_negatives_and_takes_each_views_embeddings_afterwards():
    task = tiny(temperature=0.3, queue_size=40)
    x = batch(task)
    logs = logs_of(task, x)
    z, rows = projections(task, x), [q.rows.numpy() for q in task.queues]
    losses = []
    for own, other, queue in ((z[0], z[1], rows[1]), (z[1], z[0], rows[0])):
        positive = np.sum(own * other, 1, keepdims=True)
        logits = np.concatenate([positive, own @ queue.T], 1) / 0.3
        losses.append(logsumexp(logits, axis=1) - logits[:, 0])
    np.testing.assert_allclose(logs["loss"], np.sum(losses, 0).mean(), rtol=1e-4)
    np.testing.assert_array_equal(task.queues[0].rows.numpy(), rows[0])
    z = projections(task, x, training=True)
    task.propagate(x, training=True)
    for queue, own, before in zip(task.queues, z, rows, strict=True):
        np.testing.assert_allclose(queue.rows.numpy()[:16], own, atol=1e-5)
        np.testing.assert_array_equal(queue.rows.numpy()[16:], before[16:])


@pytest.mark.parametrize("queue_size, candidates", [(None, 16), (40, 41)])
def test_embeddings_that_say_nothing_have_the_loss_at_chance(queue_size, candidates):
    task = tiny(queue_size=queue_size)
    for head in task.heads:
        head.stack[-1].kernel.assign(np.zeros(head.stack[-1].kernel.shape))
        head.stack[-1].bias.assign(np.ones(8))
    for queue in task.queues:
        queue.rows.assign(np.full((40, 8), 8**-0.5))
    expected = 2 * np.log(candidates)
    assert task.loss_at_chance(16) == pytest.approx(expected)
    np.testing.assert_allclose(logs_of(task, batch(task))["loss"], expected, rtol=1e-5)


def test_a_view_does_not_reach_the_embedding_of_the_other():
    task = tiny()
    x = batch(task)
    lightness, colours = task.predict(x, verbose=0)
    changed = x["image"].copy()
    changed[..., 1:] *= -1
    other = task.predict({"image": changed}, verbose=0)
    np.testing.assert_array_equal(other[0], lightness)
    assert not np.allclose(other[1], colours)


def test_any_number_of_views_of_any_names():
    parts = [plain_cnn((2, 8, 1), (4,), (1,), name=f"part{i}") for i in range(3)]
    encoder = side_by_side(parts, "height")
    task = CMC(
        encoder, RandomView(6), view_names=["part0", "part1", "part2"], projection_dim=4
    )
    assert task.loss_at_chance(8) == pytest.approx(6 * np.log(8))
    assert len(task.heads) == 3


def test_a_dict_of_inputs_of_different_shapes():
    inputs = {"a": keras.Input((4,), name="a"), "b": keras.Input((2, 3), name="b")}
    vectors = [
        keras.layers.Dense(5, name="a_features")(inputs["a"]),
        keras.layers.Flatten(name="b_features")(inputs["b"]),
    ]
    encoder = keras.Model(inputs, keras.layers.Concatenate()(vectors))
    task = CMC(encoder, view_names=("a_features", "b_features"), projection_dim=4)
    task.compile("adam")
    random = np.random.default_rng(0)
    x = {"a": random.random((16, 4)), "b": random.random((16, 2, 3))}
    history = task.fit(x, batch_size=8, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_defaults_are_the_papers_but_for_the_negatives():
    config = tiny(projection_dim=128).get_config()
    assert config["temperature"] == 0.07 and config["queue_size"] is None
    assert all(head.hidden_dims == () for head in tiny().heads)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("temperature", 0.0),
        ("queue_size", 0),
        ("projection_dim", 2.5),
        ("view_names", ("l",)),
        ("view_names", ("l", "l")),
        ("view_names", "lab"),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must"):
        tiny(**{argument: value})


def test_a_view_without_a_layer_is_told():
    with pytest.raises(ValueError, match="`encoder` must have a layer.*'depth'"):
        tiny(view_names=("l", "depth"))


def test_halves_of_digits_find_each_other_and_beat_random_features():
    parts = [
        plain_cnn((8, 4, 1), (16, 32), (1, 2), name=side) for side in ("left", "right")
    ]
    keras.utils.set_random_seed(0)
    view = RandomView(8, (0.8, 1.0), flip_rate=0.0)
    encoder = side_by_side(parts, "width")
    names = ("left", "right")
    task = CMC(encoder, view, view_names=names, projection_dim=32, temperature=0.2)
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=50, epochs=2, verbose=0).history
    assert history["loss"][-1] < 2 * np.log(128) - 2
    assert history["contrastive_accuracy"][-1] > 10 / 128
    assert few_label_accuracy(task) > before + 0.02
