import keras
import numpy as np
import pytest
from digit_views import batch, digit_views, features_of, few_label_accuracy

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.losses.contrastive import decoupled_contrastive, von_mises_fisher_weights
from kerassl.metrics.geometry import effective_rank
from kerassl.models.contrastive.decoupled import DecoupledContrastive


def tiny(widths=(8,), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    views = digit_views(jit_compile=jit_compile)
    return DecoupledContrastive(encoder, views, **{"projection_dim": 8, **arguments})


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=len(x["view1"]), verbose=0, return_dict=True)


@pytest.mark.parametrize("sigma", [None, 0.5])
def test_loss_and_accuracy_are_those_of_the_written_formulas(sigma):
    task = tiny(temperature=0.3, sigma=sigma)
    x = batch(task)
    logs = logs_of(task, x)
    z1, z2 = task.predict(x, verbose=0)
    weights = None if sigma is None else von_mises_fisher_weights(z1, z2, sigma=sigma)
    loss = decoupled_contrastive(z1, z2, temperature=0.3, weights=weights)
    np.testing.assert_allclose(logs["loss"], np.mean(loss), rtol=1e-4)
    z = np.concatenate([z1, z2])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    cosines = z @ z.T - 10 * np.eye(32)
    of_pair = cosines[np.arange(32), (np.arange(32) + 16) % 32]
    others = np.sort(cosines, axis=1)
    others = np.where(of_pair == others[:, -1], others[:, -2], others[:, -1])
    # Untrained projections may be as near to each other as rounding is.
    least, most = (of_pair > others + 1e-5).mean(), (of_pair > others - 1e-5).mean()
    assert least - 1e-6 <= logs["contrastive_accuracy"] <= most + 1e-6


@pytest.mark.parametrize("sigma", [None, 0.5])
def test_a_collapsed_head_has_the_loss_at_chance(sigma):
    task = tiny(sigma=sigma)
    task.head.stack[-1].kernel.assign(np.zeros((8, 8)))
    task.head.stack[-1].bias.assign(np.ones(8))
    logs = logs_of(task, batch(task))
    assert task.loss_at_chance(16) == np.log(30)
    np.testing.assert_allclose(logs["loss"], np.log(30), rtol=1e-5)


def test_views_of_other_images_are_at_chance():
    task = tiny(temperature=1.0, projection_dim=64)
    x = batch(task)
    x["view2"] = np.roll(x["view2"], 5, axis=0)
    np.testing.assert_allclose(logs_of(task, x)["loss"], np.log(30), atol=0.2)


def test_defaults_are_the_papers():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    config = DecoupledContrastive(encoder).get_config()
    assert (config["temperature"], config["sigma"]) == (0.1, None)
    assert config["projection_dim"] == 128


@pytest.mark.parametrize(
    "argument, value",
    [
        ("temperature", -1),
        ("sigma", 0),
        ("sigma", float("inf")),
        ("projection_dim", 0),
        ("hidden_dim", 2.5),
    ],
)
def test_errors(argument, value):
    with pytest.raises((ValueError, TypeError), match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny((16, 32), jit_compile=False, temperature=0.2, projection_dim=32)
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 64, seed=0)
    history = task.fit(data, steps_per_epoch=60, epochs=2, verbose=0).history
    assert history["loss"][-1] < task.loss_at_chance(64) - 1
    assert few_label_accuracy(task) > before + 0.1
    assert effective_rank(features_of(task, digits("test"))) > 5
