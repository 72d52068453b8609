"""The random control has no shut branch, and the statistics of the data."""

import keras
import numpy as np
import pytest

from kerassl import encoders
from kerassl.transfer import (
    compare,
    copy_of,
    encode,
    fine_tune,
    knn,
    random_weights,
)
from kerassl.transfer.examples import draw_labels
from kerassl.transfer.random_control import open_branches, random_control


def resnet():
    return encoders.resnet((8, 8, 1), depths=(1, 1), widths=(4, 8), stem="cifar")


def images(count=600, seed=0):
    return np.random.default_rng(seed).random((count, 8, 8, 1)).astype("float32")


def named(encoder, weights):
    return dict(zip([w.path for w in encoder.weights], weights, strict=True))


def test_branches_are_open_and_all_else_is_as_a_training_starts():
    encoder = resnet()
    start = named(encoder, random_weights(encoder, 3))
    control = named(encoder, random_control(encoder, 3))
    shut = [path for path, value in start.items() if "last_bn/gamma" in path]
    assert len(shut) == 2
    for path, value in start.items():
        if path in shut:
            assert not value.any() and (control[path] == 1).all()
        else:
            np.testing.assert_array_equal(control[path], value)


def test_the_statistics_are_those_of_the_layers_inputs():
    encoder, x = resnet(), images(512)
    weights = random_control(encoder, 0, x)
    encoder.set_weights(weights)
    # Of the first layer they are means over both batches of its convolution.
    values = keras.Model(encoder.input, encoder.get_layer("stem_conv").output)
    values = values.predict(x, verbose=0)
    norm = encoder.get_layer("stem_bn")
    np.testing.assert_allclose(norm.moving_mean, values.mean((0, 1, 2)), atol=1e-4)
    np.testing.assert_allclose(
        norm.moving_variance, values.var((0, 1, 2)), rtol=0.02, atol=1e-5
    )
    # Of the last one: what comes out has mean 0 and variance 1.
    last = encoder.get_layer("stage2_block1_last_bn").output
    out = keras.Model(encoder.input, last).predict(x, verbose=0)
    np.testing.assert_allclose(out.mean((0, 1, 2)), 0, atol=0.05)
    np.testing.assert_allclose(out.std((0, 1, 2)), 1, atol=0.05)


def test_it_is_the_same_twice_and_leaves_the_encoder_alone():
    layers = [keras.layers.Dense(6), keras.layers.Dropout(0.5)]
    layers.append(keras.layers.BatchNormalization())
    encoder = keras.Sequential([keras.Input((4,)), *layers])
    before, x = encoder.get_weights(), images()[:300, :2, :2, 0].reshape(300, 4)
    first, again = random_control(encoder, 1, x), random_control(encoder, 1, x)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(before, encoder.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    # Dropout is off: the variance is that of the layer below.
    values = x[np.random.default_rng([1, 5]).permutation(300)[:256]] @ first[0]
    np.testing.assert_allclose(first[-1], values.var(0), rtol=1e-3)


class LayerScale(keras.layers.Layer):
    def build(self, input_shape):
        self.gamma = self.add_weight(shape=(2,), initializer="zeros")

    def call(self, inputs):
        return inputs * self.gamma


class OnePlusScale(keras.layers.Layer):
    """Its scale starts at zero and is added to one: it shuts nothing."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(2,), initializer="zeros")

    def call(self, inputs):
        return inputs * (1 + self.scale)


@pytest.mark.parametrize(
    ("layer", "opened"),
    [
        (LayerScale(), 1),
        (OnePlusScale(), 0),
        (keras.layers.LayerNormalization(gamma_initializer="zeros"), 1),
        (keras.layers.BatchNormalization(gamma_initializer="zeros"), 1),
        (keras.layers.GroupNormalization(1, gamma_initializer="zeros"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds_of_layers_decide(layer, opened):
    inputs = keras.Input((2,))
    network = keras.Model(inputs, layer(inputs))
    open_branches(network)
    scale = getattr(layer, "gamma", None)
    scale = layer.scale if isinstance(layer, OnePlusScale) else scale
    assert (np.asarray(scale) == opened).all()


def test_a_comparison_reads_and_tunes_the_open_control():
    y = np.arange(60) % 2
    x = images(60) + y[:, None, None, None]
    encoder, test, chosen = resnet(), (x[::2], y[::2]), draw_labels(y, 5, 0)
    options = {"labels_per_class": [5], "draws": 1, "progress": False}
    options |= {"controls": ["random"], "features": "pooled"}
    options |= {"methods": ["knn", "fine_tune"], "fine_tune_options": {"steps": 3}}
    for calibrate in (True, False):
        found = compare(encoder, (x, y), test, calibrate=calibrate, **options)
        assert found.protocol["calibrated"] is calibrate
        weights = random_control(encoder, 0, x if calibrate else None)
        network = copy_of(encoder)
        network.set_weights(weights)
        sets = (
            (encode(network, x)[chosen], y[chosen]),
            (encode(network, test[0]), test[1]),
        )
        wanted = knn(None, *sets).accuracy
        assert found.row("random", "knn", 5)["accuracies"] == [wanted]
        # A training has its own statistics: it begins with the open branches alone.
        network.set_weights(random_control(encoder, 0))
        tuned = fine_tune(network, (x[chosen], y[chosen]), test, steps=3)
        row = found.row("random", "fine_tune", 5)
        assert row["accuracies"] == [tuned.accuracy]
        assert row["settings"][0]["validation_loss"] == pytest.approx(
            tuned.settings["validation_loss"], rel=1e-5
        )
