import keras
import numpy as np
import pytest
from digit_views import batch, digit_views, features_of, few_label_accuracy, unit_rows

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.losses.triplet import triplet_loss
from kerassl.metrics.geometry import effective_rank
from kerassl.models.contrastive.triplet import Triplet


def tiny(widths=(8,), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    views = digit_views(jit_compile=jit_compile)
    return Triplet(encoder, views, **{"projection_dim": 8, **arguments})


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=len(x["view1"]), verbose=0, return_dict=True)


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
def test_logs_are_those_of_the_written_formulas(mining):
    task = tiny(margin=0.05, mining=mining)
    x = batch(task)
    # Round their mean, since without training all have nearly one direction.
    task.head.stack[-1].bias.assign(-np.concatenate(task.predict(x, verbose=0)).mean(0))
    logs = logs_of(task, x)
    z1, z2 = task.predict(x, verbose=0)
    losses = np.array(triplet_loss(z1, z2, margin=0.05, mining=mining))
    assert 0 < np.mean(losses > 0) < 1
    np.testing.assert_allclose(logs["loss"], losses[losses > 0].mean(), rtol=1e-3)
    np.testing.assert_allclose(logs["active"], np.mean(losses > 0), rtol=1e-6)
    z = unit_rows(np.concatenate([z1, z2]))
    right = (z @ z.T - 10 * np.eye(32)).argmax(1) == (np.arange(32) + 16) % 32
    np.testing.assert_allclose(logs["contrastive_accuracy"], right.mean(), atol=1e-6)


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
def test_a_collapse_stands_at_the_margin_with_all_triplets_active(mining):
    task = tiny(mining=mining)
    dense = task.head.stack[-1]
    dense.kernel.assign(np.zeros((8, 8)))
    dense.bias.assign(np.arange(8.0))
    x = batch(task)
    task.compile("sgd")
    history = task.fit(x, batch_size=16, epochs=3, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], 0.2, rtol=1e-4)
    np.testing.assert_allclose(history["active"], 1.0)


def test_the_loss_at_chance_is_reached_by_views_of_other_images():
    task = tiny(projection_dim=64)
    x = batch(task, 64)
    x["view2"] = np.roll(x["view2"], 5, axis=0)
    logs = logs_of(task, x)
    assert task.loss_at_chance(64) == 0.2
    np.testing.assert_allclose(logs["loss"], 0.2, atol=0.05)
    assert tiny(mining="batch-hard").loss_at_chance(64) is None


def test_defaults_are_the_papers():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    config = Triplet(encoder).get_config()
    assert (config["margin"], config["mining"]) == (0.2, "semi-hard")
    assert (config["projection_dim"], config["hidden_dims"]) == (128, ())


@pytest.mark.parametrize(
    "argument, value",
    [
        ("margin", 0),
        ("margin", "0.2"),
        ("mining", "hard"),
        ("projection_dim", 0),
        ("hidden_dims", (8, 0)),
    ],
)
def test_errors(argument, value):
    with pytest.raises((ValueError, TypeError), match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny((16, 32), jit_compile=True, projection_dim=32)
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=60, epochs=2, verbose=0).history
    assert history["contrastive_accuracy"][-1] > 10 / 255
    assert history["active"][-1] < history["active"][0]
    assert few_label_accuracy(task) > before + 0.05
    assert effective_rank(features_of(task, digits("test"))) > 5
