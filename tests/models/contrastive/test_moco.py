import keras
import numpy as np
import pytest
from digit_views import (
    assert_average,
    assert_untouched_by_gradients,
    batch,
    digit_views,
    few_label_accuracy,
    train_step,
    unit_rows,
)

from kerassl.data import digits
from kerassl.encoders.resnet import resnet
from kerassl.models.contrastive.moco import MoCo


def tiny(widths=(8, 12), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    options = {"projection_dim": 8, "queue_size": 40, **arguments}
    return MoCo(encoder, digit_views(jit_compile=jit_compile), **options)


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task = tiny(temperature=0.3)
    task.compile("sgd")
    x = batch(task)
    logs = task.evaluate(x, batch_size=16, verbose=0, return_dict=True)
    q = unit_rows(task.head(task.encoder(x["view1"])).numpy())
    k = unit_rows(task.head(task.encoder(x["view2"])).numpy())
    positives = np.sum(q * k, axis=1) / 0.3
    negatives = q @ task.queue.rows.numpy().T / 0.3
    total = np.exp(positives) + np.exp(negatives).sum(axis=1)
    np.testing.assert_allclose(
        logs["loss"], np.mean(np.log(total) - positives), rtol=1e-4
    )
    right = positives > negatives.max(axis=1)
    np.testing.assert_allclose(logs["contrastive_accuracy"], right.mean(), atol=1e-6)


def test_a_step_puts_its_keys_into_the_queue():
    task = tiny()
    task.compile("sgd")
    x = batch(task)
    rest = task.queue.rows.numpy()[16:]
    keys = unit_rows(task.momentum_encoder(x["view2"], training=True).numpy())
    train_step(task, x)
    np.testing.assert_allclose(task.queue.rows.numpy()[:16], keys, atol=1e-5)
    np.testing.assert_array_equal(task.queue.rows.numpy()[16:], rest)
    task.evaluate(x, batch_size=16, verbose=0)
    assert int(task.queue.position.numpy()) == 16


def test_momentum_encoder_is_the_average_of_the_query_encoders():
    task = tiny(momentum=0.7)
    task.compile(keras.optimizers.SGD(0.5))
    x = batch(task)
    weights = []
    for _ in range(3):
        weights.append([v.numpy() for v in task._query_encoder.trainable_variables])
        train_step(task, x)
    expected = weights[0]
    for now in weights[1:]:
        expected = [0.7 * e + 0.3 * w for e, w in zip(expected, now, strict=True)]
    assert_average(task.momentum_encoder.network, expected)


def test_no_gradient_reaches_the_momentum_encoder():
    task = tiny(momentum=1.0)
    task.compile(keras.optimizers.AdamW(1e-2, weight_decay=0.1))
    parts = (task.encoder, task.head)
    assert_untouched_by_gradients(task, task.momentum_encoder.network, parts)


def test_head_is_as_wide_as_the_encoder_by_default():
    assert tiny().head.hidden_dims == (12,)
    assert tiny(hidden_dim=7).head.hidden_dims == (7,)


def test_version_1_has_a_head_of_one_matrix():
    task = tiny(hidden_layer=False)
    assert [tuple(w.shape) for w in task.head.trainable_weights] == [(12, 8), (8,)]
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(task)
    )
    assert again.head.hidden_dims == ()
    with pytest.raises(ValueError, match="`hidden_dim` must be None.*Received: 7"):
        tiny(hidden_layer=False, hidden_dim=7)


def test_a_file_of_before_has_a_hidden_layer():
    saved = keras.saving.serialize_keras_object(tiny())
    assert saved["config"].pop("hidden_layer") is True
    assert keras.saving.deserialize_keras_object(saved).head.hidden_dims == (12,)


@pytest.mark.parametrize(
    "argument, value",
    [
        ("temperature", 0.0),
        ("momentum", 1.5),
        ("queue_size", 0),
        ("queue_size", 2.5),
        ("projection_dim", 0),
        ("hidden_dim", 0),
    ],
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must.*{argument}={value}"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    options = {"projection_dim": 32, "queue_size": 512, "momentum": 0.99}
    task = tiny((16, 32), jit_compile=True, **options)
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, steps_per_epoch=60, epochs=2, verbose=0).history
    assert history["loss"][-1] < np.log(513) - 0.3
    assert few_label_accuracy(task) > before + 0.1
