import keras
import numpy as np
import pytest
from digit_views import batch, digit_views, few_label_accuracy, train_step, unit_rows

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.models.contrastive.nnclr import NNCLR


def tiny(widths=(8, 12), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    sizes = {"projection_dim": 8, "hidden_dims": (10,), "predictor_dim": 10}
    options = {**sizes, "queue_size": 40, **arguments}
    return NNCLR(encoder, digit_views(jit_compile=jit_compile), **options)


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def nearest(z, rows):
    return rows[(unit_rows(z) @ rows.T).argmax(axis=1)]


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task = tiny(temperature=0.3)
    x = batch(task)
    logs = logs_of(task, x)
    z = [task.projector(task.encoder(x[view])).numpy() for view in task.views]
    p = [unit_rows(task.predictor(each).numpy()) for each in z]
    n = [nearest(each, task.queue.rows.numpy()) for each in z]
    losses = []
    for neighbours, predictions in ((n[0], p[1]), (n[1], p[0])):
        logits = neighbours @ predictions.T / 0.3
        for each in (logits, logits.T):
            losses.append(np.log(np.exp(each).sum(axis=1)) - np.diag(logits))
    np.testing.assert_allclose(logs["loss"], np.mean(losses), rtol=1e-4)
    right = (n[0] @ p[1].T).argmax(axis=1) == np.arange(16)
    np.testing.assert_allclose(logs["contrastive_accuracy"], right.mean(), atol=1e-6)


def test_predictions_that_say_nothing_have_the_loss_at_chance():
    task = tiny()
    last = task.predictor.stack[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    last.bias.assign(np.ones(last.bias.shape))
    # Equal predictions of equal neighbours, so that both directions are at chance.
    task.queue.rows.assign(np.tile(np.eye(8)[:1], (40, 1)))
    logs = logs_of(task, batch(task))
    assert task.loss_at_chance(16) == pytest.approx(np.log(16))
    np.testing.assert_allclose(logs["loss"], np.log(16), rtol=1e-5)


def test_a_view_reaches_neither_neighbour_nor_prediction_of_the_other():
    task = tiny()
    x = batch(task)
    p1, p2, n1, _ = task.predict(x, verbose=0)
    other = task.predict({**x, "view2": 1 - x["view2"]}, verbose=0)
    np.testing.assert_array_equal(other[0], p1)
    np.testing.assert_array_equal(other[2], n1)
    assert not np.allclose(other[1], p2)


def test_a_step_writes_the_first_views_after_it_has_searched():
    task = tiny()
    task.compile("sgd")
    x = batch(task)
    before = task.queue.rows.numpy()
    z = task.projector(task.encoder(x["view1"], training=True), training=True).numpy()
    *_, n1, n2 = task.propagate(x, training=True)
    after = task.queue.rows.numpy()
    np.testing.assert_allclose(after[:16], unit_rows(z), atol=1e-5)
    np.testing.assert_array_equal(after[16:], before[16:])
    for neighbours in (n1, n2):
        held = (np.array(neighbours)[:, None] == before[None]).all(axis=2)
        assert held.any(axis=1).all()
    task.evaluate(x, batch_size=16, verbose=0)
    assert int(task.queue.position.numpy()) == 16
    train_step(task, x)
    assert int(task.queue.position.numpy()) == 32


def test_defaults_are_the_papers():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    task = NNCLR(encoder)
    assert task.projector.hidden_dims == (2048, 2048)
    assert task.predictor.hidden_dims == (4096,)
    assert task.queue.rows.shape == (98304, 256)
    assert task.temperature == 0.1


@pytest.mark.parametrize(
    "argument, value",
    [
        ("temperature", 0.0),
        ("queue_size", 0),
        ("queue_size", 2.5),
        ("projection_dim", 0),
        ("predictor_dim", None),
        ("hidden_dims", (8, 0)),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    sizes = {"projection_dim": 32, "hidden_dims": (64,), "predictor_dim": 64}
    task = tiny((16, 32), jit_compile=True, queue_size=512, **sizes)
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=60, epochs=2, verbose=0).history
    assert history["loss"][-1] < np.log(128) - 0.5
    assert few_label_accuracy(task) > before + 0.1
