import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import ArraySource, Subset, digits
from kerassl.encoders import conv, dense, mirror, resnet
from kerassl.errors import UserError
from kerassl.losses import binary_cross_entropy
from kerassl.metrics import nearest_neighbour_labels
from kerassl.models import Autoencoder
from kerassl.pretext import Reconstruct


def tiny(dtype=None, **arguments):
    encoder = conv((8, 8, 1), (4,), 6, dtype=dtype)
    return Autoencoder(encoder, Reconstruct(), **arguments)


def images_of(split, task):
    source = digits(split)
    return task.pretext.prepare(source.fetch(np.arange(len(source)))).numpy()


def test_loss_and_measure_are_those_of_the_written_formulas():
    task = tiny()
    task.compile("sgd")
    x = images_of("test", task)[:64]
    logs = task.evaluate(x, x, batch_size=64, verbose=0, return_dict=True)
    logits = task.predict(x, verbose=0)
    wanted = keras.ops.convert_to_numpy(binary_cross_entropy(x, logits)).mean()
    np.testing.assert_allclose(logs["loss"], wanted, rtol=1e-5)
    restored = task.reconstruct(x)
    assert restored.shape == x.shape and restored.dtype == np.float32
    assert 0 <= restored.min() and restored.max() <= 1
    error = ((restored - x) ** 2).mean()
    np.testing.assert_allclose(logs["squared_error"], error, rtol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "criterion"),
    [
        (lambda: dense((8, 8, 1), (48, 16)), "binary_crossentropy"),
        (lambda: conv((8, 8, 1), (16,), 16), "mean_squared_error"),
    ],
)
def test_learns_digits(encoder, criterion):
    task = Autoencoder(encoder(), Reconstruct(), criterion=criterion)
    x, test_x = images_of("train", task), images_of("test", task)
    labels, test_labels = digits().labels, digits("test").labels

    def score():
        features = task.features(x), labels, task.features(test_x)
        return (nearest_neighbour_labels(*features) == test_labels).mean()

    before = score()
    task.compile(keras.optimizers.Adam(3e-3))
    task.fit(task.dataset(digits(), 64), epochs=15, verbose=0)
    error = ((task.reconstruct(test_x) - test_x) ** 2).mean()
    mean_image = ((x.mean(axis=0) - test_x) ** 2).mean()
    assert error < 0.35 * mean_image
    assert score() > max(before, 0.9)


def test_decoder_of_ones_own():
    encoder = resnet((8, 8, 1), (1,), (4,))
    decoder = mirror(dense((8, 8, 1), (6, 4)))
    task = Autoencoder(encoder, Reconstruct(), decoder=decoder)
    task.compile("adam")
    task.fit(task.dataset(digits(), 32), steps_per_epoch=1, verbose=0)
    with pytest.raises(ValueError, match=r"`decoder` must take .*\(None, 4\)"):
        Autoencoder(encoder, decoder=mirror(dense(8, (3,))))
    with pytest.raises(ValueError, match="Pass a decoder"):
        Autoencoder(encoder)


def test_draws_originals_above_reconstructions():
    figure = tiny().draw(digits().fetch(np.arange(5)))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["original", "restored"]


def test_mirror_is_saved_with_the_task(tmp_path):
    task = tiny("mixed_bfloat16", criterion="mean_squared_error")
    assert task.decoder.layers[-1].compute_dtype == "bfloat16"
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras")
    assert json.dumps(again.get_config()) == json.dumps(task.get_config())
    x = images_of("test", task)[:8]
    np.testing.assert_array_equal(again.reconstruct(x), task.reconstruct(x))


def test_criterion_is_checked():
    with pytest.raises(ValueError, match="`criterion`"):
        Autoencoder(dense(4, (2,)), criterion="hinge")


VECTORS = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")


def vector_task(criterion="binary_crossentropy"):
    return Autoencoder(dense(6, (4, 2)), Reconstruct(), criterion=criterion)


@pytest.mark.parametrize(
    "values",
    [VECTORS, VECTORS.astype("float64") * 100, np.abs(VECTORS) * 2, VECTORS * 0 - 0.1],
)
def test_a_cross_entropy_of_other_targets_is_refused(values):
    for examples in (
        values,
        values.tolist(),
        Subset(ArraySource(values), np.arange(20)),
        tf.data.Dataset.from_tensor_slices(values),
    ):
        with pytest.raises(UserError, match="`mean_squared_error`. Received values"):
            vector_task().dataset(examples, 4)
        vector_task("mean_squared_error").dataset(examples, 4)


def test_arrays_given_to_fit_are_looked_at():
    task = vector_task()
    task.compile("sgd")
    with pytest.raises(UserError, match="`mean_squared_error`. Received values"):
        task.fit(VECTORS, VECTORS, verbose=0)
    task.fit(np.abs(VECTORS) % 1, np.abs(VECTORS) % 1, verbose=0)


def test_one_wrong_target_among_many_is_found():
    values = np.full((20_000, 6), 0.5, "float32")
    values[19_999, 5] = 1.5
    with pytest.raises(UserError, match="from 0.5 to 1.5"):
        vector_task().dataset(values, 4)


def test_a_stream_of_targets_is_watched():
    values = np.full((40, 6), 0.5, "float32")
    values[39, 5] = 1.5
    task = vector_task()
    batches = task.dataset(tf.data.Dataset.from_tensor_slices(values), 20)
    assert batches.steps_per_epoch == 2 and batches.seed == 0
    batches = iter(batches)
    next(batches)
    with pytest.raises(tf.errors.InvalidArgumentError, match="binary_crossentropy"):
        next(batches)


def test_examples_between_two_begin_and_end_with_these():
    task = tiny()
    two = Subset(digits(), np.array([3, 8]))
    between = task.sample(two, count=5)
    assert between.shape == (5, 8, 8, 1)
    x = task.pretext.prepare(two.fetch([0, 1])).numpy()
    np.testing.assert_allclose(between[[0, -1]], task.reconstruct(x), atol=1e-5)
    middle = keras.ops.convert_to_numpy(task.encoder(x)).mean(0, keepdims=True)
    wanted = keras.ops.sigmoid(task.decoder(middle))
    np.testing.assert_allclose(between[2:3], wanted, atol=1e-5)
    assert not np.array_equal(task.sample(digits(), seed=1), task.sample(digits()))
    with pytest.raises(UserError, match="two examples or more. Received: 1"):
        task.sample(Subset(digits(), np.array([3])))
    with pytest.raises(UserError, match="`count` must be an integer >= 2"):
        task.sample(two, count=1)
