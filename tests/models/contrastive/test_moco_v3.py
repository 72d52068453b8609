import keras
import numpy as np
import pytest
from digit_views import (
    assert_average,
    assert_untouched_by_gradients,
    batch,
    digit_views,
    features_of,
    few_label_accuracy,
    train_step,
    unit_rows,
)

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.layers.moving_average import cosine_momentum
from kerassl.metrics import effective_rank
from kerassl.models.contrastive.moco_v3 import MoCoV3


def tiny(widths=(8, 12), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    views = digit_views(solarize_rate=(0.0, 0.2), jit_compile=jit_compile)
    sizes = {"projection_dim": 8, "hidden_dims": (16,), "predictor_dim": 16}
    return MoCoV3(encoder, views, **{"total_steps": 10, **sizes, **arguments})


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=16, verbose=0, return_dict=True)


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task = tiny(temperature=0.3)
    x = batch(task)
    logs = logs_of(task, x)
    k = [task.projector(task.encoder(x[view])) for view in task.views]
    q = [unit_rows(task.predictor(each).numpy()) for each in k]
    k = [unit_rows(each.numpy()) for each in k]  # the average is a copy as yet
    losses = []
    for queries, keys in ((q[0], k[1]), (q[1], k[0])):
        logits = queries @ keys.T / 0.3
        losses.append(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))
    expected = 2 * 0.3 * np.sum(losses, axis=0).mean()
    np.testing.assert_allclose(logs["loss"], expected, rtol=1e-4)
    right = (q[0] @ k[1].T).argmax(axis=1) == np.arange(16)
    np.testing.assert_allclose(logs["contrastive_accuracy"], right.mean(), atol=1e-6)


def test_queries_that_say_nothing_have_the_loss_at_chance():
    task = tiny(temperature=0.5)
    last = task.predictor.stack[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    logs = logs_of(task, batch(task))
    assert task.loss_at_chance(16) == pytest.approx(4 * 0.5 * np.log(16))
    np.testing.assert_allclose(logs["loss"], 4 * 0.5 * np.log(16), rtol=1e-5)


def test_a_view_reaches_neither_query_nor_key_of_the_other():
    task = tiny()
    x = batch(task)
    q1, q2, k1, k2 = task.predict(x, verbose=0)
    other = task.predict({**x, "view2": 1 - x["view2"]}, verbose=0)
    np.testing.assert_array_equal(other[0], q1)
    np.testing.assert_array_equal(other[2], k1)
    assert not np.allclose(other[1], q2) and not np.allclose(other[3], k2)


def test_the_momentum_encoder_follows_the_papers_schedule():
    task = tiny(total_steps=4, base_momentum=0.6)
    task.compile(keras.optimizers.SGD(0.5))
    x = batch(task)
    weights = []
    for _ in range(4):
        weights.append([v.numpy() for v in task._network.trainable_variables])
        train_step(task, x)
    expected = weights[0]
    for k, now in enumerate(weights[1:], 1):
        m = 1 - (1 - 0.6) * (np.cos(np.pi * k / 4) + 1) / 2
        expected = [m * e + (1 - m) * w for e, w in zip(expected, now, strict=True)]
    np.testing.assert_allclose(task.momentum, cosine_momentum(4, 4, 0.6), rtol=1e-6)
    assert_average(task.momentum_encoder.network, expected)


def test_no_gradient_reaches_the_momentum_encoder():
    task = tiny(base_momentum=1.0)
    task.compile(keras.optimizers.AdamW(1e-2, weight_decay=0.1))
    parts = (task.encoder, task.projector, task.predictor)
    assert_untouched_by_gradients(task, task.momentum_encoder.network, parts)


def test_last_layers_are_normalised_without_scale_and_offset():
    task = tiny(predictor_batch_norm=True)
    for head in (task.projector, task.predictor):
        assert [layer.use_bias for layer in (head.stack[0], head.stack[-2])] == [0, 0]
        assert not head.stack[-1].scale and not head.stack[-1].center
        assert head.stack[1].scale and head.stack[1].center


def test_the_predictor_of_a_resnet_ends_without_normalisation():
    *_, last = tiny().predictor.stack
    assert isinstance(last, keras.layers.Dense) and not last.use_bias


def test_defaults_are_the_papers_for_resnets():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    config = MoCoV3(encoder, total_steps=3).get_config()
    assert (config["hidden_dims"], config["predictor_dim"]) == ((4096,), 4096)
    assert (config["projection_dim"], config["temperature"]) == (256, 1.0)
    assert config["base_momentum"] == 0.99


@pytest.mark.parametrize(
    "argument, value",
    [
        ("total_steps", 0),
        ("total_steps", 2.5),
        ("temperature", 0.0),
        ("temperature", float("nan")),
        ("base_momentum", 1.5),
        ("base_momentum", None),
        ("projection_dim", 0),
        ("predictor_dim", None),
        ("hidden_dims", (8, 0)),
    ],
)
def test_errors(argument, value):
    with pytest.raises((ValueError, TypeError), match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny(
        (16, 32),
        jit_compile=True,
        total_steps=120,
        base_momentum=0.9,
        projection_dim=32,
        hidden_dims=(64,),
        predictor_dim=64,
    )
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=60, epochs=2, verbose=0).history
    assert history["loss"][-1] < task.loss_at_chance(128) - 1
    assert history["contrastive_accuracy"][-1] > 5 / 128
    assert few_label_accuracy(task) > before + 0.1
    assert effective_rank(features_of(task, digits("test"))) > 5
