import keras
import numpy as np
import pytest
import tensorflow as tf
from digit_views import batch, digit_views, few_label_accuracy

from kerassl.data import ArraySource, as_source, digits
from kerassl.encoders.resnet import resnet
from kerassl.errors import UserError
from kerassl.losses.contrastive import supervised_contrastive
from kerassl.models.contrastive.supcon import SupCon


def tiny(widths=(8,), jit_compile=False, **arguments):
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    sizes = {"projection_dim": 8, "hidden_dims": (16,)}
    return SupCon(encoder, digit_views(jit_compile=jit_compile), **sizes | arguments)


def labelled_batch(task, count=16):
    return {**batch(task, count), "label": digits().labels[:count].astype("int32")}


def logs_of(task, x):
    task.compile("sgd")
    return task.evaluate(x, batch_size=len(x["view1"]), verbose=0, return_dict=True)


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task = tiny(temperature=0.3)
    x = labelled_batch(task)
    logs = logs_of(task, x)
    z1, z2 = task.predict(x, verbose=0)
    loss = supervised_contrastive(z1, z2, x["label"], temperature=0.3)
    np.testing.assert_allclose(logs["loss"], np.mean(loss), rtol=1e-4)
    z = np.concatenate([z1, z2])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    classes = np.tile(x["label"], 2)
    right = classes[(z @ z.T - 10 * np.eye(32)).argmax(1)] == classes
    np.testing.assert_allclose(logs["class_accuracy"], right.mean(), atol=1e-6)


def test_a_collapsed_head_has_the_loss_at_chance():
    task = tiny()
    task.head.stack[-1].kernel.assign(np.zeros((16, 8)))
    task.head.stack[-1].bias.assign(np.ones(8))
    assert task.loss_at_chance(16) == np.log(31)
    loss = logs_of(task, labelled_batch(task))["loss"]
    np.testing.assert_allclose(loss, np.log(31), rtol=1e-5)


def test_classes_reach_the_loss_alone():
    task = tiny()
    x = labelled_batch(task)
    other = {**x, "label": x["label"][::-1].copy()}
    outputs = (task.predict(each, verbose=0) for each in (x, other))
    for one, two in zip(*outputs, strict=True):
        np.testing.assert_array_equal(one, two)
    assert abs(logs_of(task, x)["loss"] - logs_of(task, other)["loss"]) > 1e-4


def test_each_image_comes_with_its_own_class():
    images = np.arange(30, dtype="uint8")[:, None, None, None]
    images = np.tile(images, (1, 8, 8, 1))
    layer = digit_views()
    task = SupCon(resnet((8, 8, 1), (1,), (4,)), layer)
    source = ArraySource(images, labels=np.arange(30) % 7)
    layer.call = lambda inputs, seed: ({"view1": inputs, "view2": inputs},)
    data = task.dataset(source, 10)
    for x, *_ in data.take(6).as_numpy_iterator():
        assert x["label"].dtype == np.int32
        np.testing.assert_array_equal(x["view1"][:, 0, 0, 0] % 7, x["label"])
    whole, _ = data.in_order()
    for x, *_ in whole.as_numpy_iterator():
        np.testing.assert_array_equal(x["view1"][:, 0, 0, 0] % 7, x["label"])


def test_fit_takes_arrays_and_their_classes():
    task = tiny()
    task.compile(keras.optimizers.SGD(0.1))
    images = np.asarray(digits().fetch(range(40)))
    history = task.fit(images, digits().labels[:40], batch_size=20, verbose=0).history
    assert history["loss"][0] == pytest.approx(np.log(39), abs=1.5)
    with pytest.raises(UserError, match="`labels`"):
        task.fit(images, digits().labels[:30], batch_size=20, verbose=0)


def test_data_without_classes_are_refused():
    task = tiny()
    task.compile("sgd")
    images = np.asarray(digits().fetch(range(40)))
    stream = tf.data.Dataset.from_tensor_slices(images)
    for examples in (images, as_source(images), stream, stream.batch(20)):
        with pytest.raises(UserError, match="a class each, since the task reads it"):
            task.fit(examples, batch_size=20, verbose=0)


def test_defaults_are_the_papers():
    encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    task = SupCon(encoder)
    config = task.get_config()
    assert (config["temperature"], config["projection_dim"]) == (0.1, 128)
    assert [type(layer).__name__ for layer in task.head.stack] == [
        *("Dense", "ReLU", "Dense")
    ]


@pytest.mark.parametrize(
    "argument, value", [("temperature", 0.0), ("projection_dim", 0)]
)
def test_errors(argument, value):
    with pytest.raises(ValueError, match=f"`{argument}` must"):
        tiny(**{argument: value})


@pytest.mark.quality
def test_learns_the_classes_of_digits():
    task = tiny((16, 32), True, projection_dim=32, hidden_dims=(64,))
    before = few_label_accuracy(task)
    task.compile(keras.optimizers.Adam(3e-3))
    data = task.dataset(digits(), 128, seed=0)
    history = task.fit(data, epochs=2, steps_per_epoch=50, verbose=0).history
    assert history["class_accuracy"][-1] > 0.8
    assert history["loss"][-1] < task.loss_at_chance(128) - 1
    assert few_label_accuracy(task) > before + 0.15
