import keras
import numpy as np
import pytest
from digit_views import few_label_accuracy

from kerassl.data import digits
from kerassl.encoders import dense
from kerassl.models import Autoencoder, SparseAutoencoder
from kerassl.pretext import Reconstruct


def tiny(units=12, activation="sigmoid", **options):
    encoder = dense((8, 8, 1), (units,), activation=activation)
    return SparseAutoencoder(encoder, Reconstruct(), **options)


def images(task, count=32):
    return task.pretext.prepare(digits().fetch(np.arange(count))).numpy()


def test_loss_is_that_of_the_written_formula():
    task = tiny(target_activity=0.1, sparsity_weight=0.3)
    x = images(task)
    outputs = task.predict(x, verbose=0)
    logits, activity = outputs["restored"], outputs["features"].mean(axis=0)
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    error = -(x * np.log(p) + (1 - x) * np.log(1 - p)).mean()
    divergence = (
        0.1 * np.log(0.1 / activity) + 0.9 * np.log(0.9 / (1 - activity))
    ).sum()
    found = task.values_of((x, x))
    np.testing.assert_allclose(found["loss"], error + 0.3 * divergence, rtol=1e-4)
    np.testing.assert_allclose(found["divergence"], divergence / 12, rtol=1e-4)
    np.testing.assert_allclose(found["activity"], activity.mean(), rtol=1e-4)
    np.testing.assert_allclose(found["squared_error"], ((p - x) ** 2).mean(), rtol=1e-4)
    np.testing.assert_allclose(task.reconstruct(x), p, rtol=1e-4)


def test_without_weight_it_is_an_autoencoder():
    task = tiny(sparsity_weight=0.0)
    plain = Autoencoder(task.encoder, Reconstruct(), decoder=task.decoder)
    x = images(task)
    losses = [each.values_of((x, x))["loss"] for each in (task, plain)]
    np.testing.assert_allclose(*losses, rtol=1e-6)


def test_features_become_sparse_and_tell_digits():
    task = tiny(64, sparsity_weight=0.01)
    before = few_label_accuracy(task)
    x = images(task, 500)
    assert task.features(x).mean() == pytest.approx(0.5, abs=0.1)
    task.compile(keras.optimizers.Adam(1e-2))
    task.fit(task.dataset(digits(), 64), epochs=15, verbose=0)
    assert task.features(x).mean() < 0.15
    error = ((task.reconstruct(x) - x) ** 2).mean()
    assert error < 0.5 * ((x.mean(axis=0) - x) ** 2).mean()
    assert few_label_accuracy(task) > before - 0.05


def test_the_other_penalty_needs_no_class():
    inputs = keras.Input((64,))
    layer = keras.layers.Dense(8, "relu", activity_regularizer=keras.regularizers.L1(3))
    task = Autoencoder(keras.Model(inputs, layer(inputs)), Reconstruct())
    x = images(tiny()).reshape(32, 64)
    task.compile("sgd")
    logs = task.evaluate(x, x, batch_size=32, verbose=0, return_dict=True)
    plain = Autoencoder(dense(64, (8,)), decoder=task.decoder)
    plain.encoder.set_weights(task.encoder.get_weights())
    penalty = 3 * task.features(x).sum() / 32
    wanted = plain.values_of((x, x))["loss"] + penalty
    np.testing.assert_allclose(logs["loss"], wanted, rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "relu"}, "`encoder` must .* sigmoid.* activation relu"),
        ({"target_activity": 1.0}, "`target_activity` must"),
        ({"sparsity_weight": -1.0}, "`sparsity_weight` must"),
        ({"criterion": "hinge"}, "`criterion` must"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        tiny(**options)
