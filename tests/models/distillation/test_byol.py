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
from kerassl.models.distillation.byol import BYOL


def tiny(widths=(8, 12), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    views = digit_views(solarize_rate=(0.0, 0.2), jit_compile=jit_compile)
    options = {"total_steps": 10, "projection_dim": 8, "hidden_dim": 16, **arguments}
    return BYOL(encoder, views, **options)


def test_loss_is_that_of_the_written_formula():
    task = tiny()
    task.compile("sgd")
    x = batch(task)
    loss = task.evaluate(x, batch_size=16, verbose=0)
    z = [task.projector(task.encoder(x[view])) for view in ("view1", "view2")]
    p = [unit_rows(task.predictor(each).numpy()) for each in z]
    z = [unit_rows(each.numpy()) for each in z]  # the target is a copy as yet
    expected = np.sum((p[0] - z[1]) ** 2 + (p[1] - z[0]) ** 2, axis=1).mean()
    np.testing.assert_allclose(loss, expected, rtol=1e-4)
    swapped = {"view1": x["view2"], "view2": x["view1"]}
    np.testing.assert_allclose(
        task.evaluate(swapped, batch_size=16, verbose=0), loss, rtol=1e-5
    )


def test_the_target_follows_the_papers_schedule():
    task = tiny(total_steps=4, base_tau=0.6)
    task.compile(keras.optimizers.SGD(0.5))
    x = batch(task)
    weights = []
    for _ in range(4):
        weights.append([v.numpy() for v in task._network.trainable_variables])
        train_step(task, x)
    expected = weights[0]
    for k, now in enumerate(weights[1:]):
        tau = 1 - (1 - 0.6) * (np.cos(np.pi * k / 4) + 1) / 2
        expected = [tau * e + (1 - tau) * w for e, w in zip(expected, now, strict=True)]
    np.testing.assert_allclose(task.tau, cosine_momentum(3, 4, 0.6), rtol=1e-6)
    assert_average(task.target.network, expected)


def test_no_gradient_reaches_the_target():
    task = tiny(base_tau=1.0)
    task.compile(keras.optimizers.AdamW(1e-2, weight_decay=0.1))
    parts = (task.encoder, task.projector, task.predictor)
    assert_untouched_by_gradients(task, task.target.network, parts)


def test_loaded_weights_reach_the_target_in_the_first_step():
    task, other = tiny(), tiny()
    task.encoder.set_weights(other.encoder.get_weights())
    task.compile(keras.optimizers.SGD(0.0))
    train_step(task, batch(task))
    kernel = task.target.network.get_layer("stem_conv").kernel
    np.testing.assert_array_equal(kernel, other.encoder.get_layer("stem_conv").kernel)


def test_last_layers_have_no_bias():
    task = tiny()
    for head in (task.projector, task.predictor):
        assert not head.stack[-1].use_bias and not head.stack[0].use_bias


@pytest.mark.parametrize(
    "argument, value",
    [
        ("total_steps", 0),
        ("total_steps", 2.5),
        ("base_tau", -0.1),
        ("projection_dim", 0),
        ("hidden_dim", None),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must.*{argument}={value}"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    task = tiny(
        (16, 32),
        jit_compile=True,
        total_steps=120,
        base_tau=0.9,
        projection_dim=32,
        hidden_dim=128,
    )
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    task.fit(data, steps_per_epoch=120, verbose=0)
    assert few_label_accuracy(task) > before + 0.1
    assert effective_rank(features_of(task, digits("test"))) > 5
