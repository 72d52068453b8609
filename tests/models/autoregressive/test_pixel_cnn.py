import math

import keras
import numpy as np
import pytest

from kerassl.data import digits
from kerassl.encoders import gated_pixel_cnn, plain_cnn
from kerassl.models.autoregressive.pixel_cnn import PixelCNN, neighbours
from kerassl.pretext import NextPixel


def network(side=8, width=8, num_layers=2):
    return gated_pixel_cnn((side, side, 1), width, num_layers, first_kernel_size=5)


def tiny(encoder=None, levels=2, **arguments):
    arguments = {"hidden_dim": 8, **arguments}
    return PixelCNN(encoder or network(), NextPixel(levels=levels), **arguments)


def batch_of(task, count=16):
    return next(iter(task.dataset(digits(), count)))


def test_the_loss_is_that_of_the_written_formula():
    task = tiny(levels=4)
    x, y = batch_of(task)
    logits = task.predict(x, verbose=0)["logits"]
    told = np.take_along_axis(logits, y.numpy()[..., None], -1)[..., 0]
    nats = np.log(np.exp(logits).sum(-1)) - told
    logs = task.values_of((x, y))
    np.testing.assert_allclose(logs["loss"], nats.mean(), rtol=1e-4)
    np.testing.assert_allclose(logs["image_nats"], nats.sum((1, 2)).mean(), rtol=1e-4)


def test_a_head_that_knows_nothing_has_the_loss_at_chance():
    task = tiny(levels=4)
    last = task.head.layers[-1]
    last.kernel.assign(np.zeros(last.kernel.shape))
    logs = task.values_of(batch_of(task))
    assert task.loss_at_chance(16) == math.log(4)
    for name in ("loss", "place_loss", "neighbour_loss"):  # before shades are counted
        np.testing.assert_allclose(logs[name], math.log(4), rtol=1e-5)


def test_no_logit_changes_with_its_pixel_or_those_after_it():
    keras.utils.set_random_seed(0)
    task = tiny(network(side=5, num_layers=3))
    pixels = np.random.default_rng(0).choice([-1.0, 1.0], 25).astype("float32")
    same = np.repeat(pixels[None], 25, axis=0)
    flipped = same * (1 - 2 * np.eye(25, dtype="float32"))
    before, after = (
        task.predict({"pixels": x.reshape(25, 5, 5, 1)}, 25, verbose=0)["logits"]
        for x in (same, flipped)
    )
    changed = (before != after).any(-1).reshape(25, 25)  # to the bit
    assert not np.tril(changed).any()
    assert changed[np.triu_indices(25, 1)].all()


def test_shades_are_counted_once_as_numpy_does():
    task = tiny()
    task.compile(keras.optimizers.SGD(0.0))
    task.optimizer.learning_rate = 1e-6
    images = digits().fetch(range(64)).numpy()
    task.fit(images, batch_size=16, verbose=0)
    y = (images[..., 0] >= 128).astype(int)
    ones = y.sum(0)
    expected = -np.log((1 + np.stack([64 - ones, ones], -1)) / 66)
    np.testing.assert_allclose(task.place_nats, expected, rtol=1e-4)
    context = np.asarray(neighbours(y, 2))
    found = np.asarray(task.neighbour_nats)
    for number in np.unique(context)[:10]:
        here = y[context == number]
        share = (1 + (here == 1).sum()) / (2 + len(here))
        np.testing.assert_allclose(found[number, 1], -np.log(share), rtol=1e-4)
    task.fit(255 - images, batch_size=16, verbose=0)
    np.testing.assert_allclose(task.place_nats, expected, rtol=1e-4)
    assert int(task.images_counted) == 64


def test_neighbours_are_the_four_before_a_pixel():
    shades = np.random.default_rng(0).integers(0, 3, (2, 4, 5))
    found = np.asarray(neighbours(shades, 3))
    padded = np.pad(shades, [(0, 0), (1, 0), (1, 1)], constant_values=3)
    for i, row, column in np.ndindex(shades.shape):
        near = padded[i, row : row + 2, column : column + 3].ravel()[[3, 0, 1, 2]]
        assert found[i, row, column] == near @ 4 ** np.arange(3, -1, -1)
    many = np.asarray(neighbours(shades * 85, 256))
    assert many.max() < 5**4


def test_it_beats_both_guesses_on_digits():
    keras.utils.set_random_seed(0)
    task = tiny(network(width=16, num_layers=3))
    task.compile(keras.optimizers.Adam(0.01))
    task.fit(task.dataset(digits(), 64), steps_per_epoch=80, verbose=0)
    logs = task.evaluate(digits("test"), batch_size=100, verbose=0, return_dict=True)
    assert logs["loss"] < min(logs["place_loss"], logs["neighbour_loss"])


def test_samples_follow_what_was_learnt():
    """Rows of one shade, black or white, come out as such."""
    keras.utils.set_random_seed(0)
    task = tiny(network(side=4))
    random = np.random.default_rng(0)
    rows = random.integers(0, 2, (64, 4, 1, 1)) * 255
    images = np.broadcast_to(rows, (64, 4, 4, 1)).astype("uint8")
    task.compile(keras.optimizers.Adam(0.02))
    task.fit(task.dataset(images, 64), steps_per_epoch=60, verbose=0)
    made = task.sample(40, seed=1)
    assert made.shape == (40, 4, 4, 1) and set(np.unique(made)) == {0.0, 1.0}
    assert (np.ptp(made, axis=2) == 0).mean() > 0.9
    assert 0.2 < made[:, :, 0].mean() < 0.8
    np.testing.assert_array_equal(made, task.sample(40, seed=1))
    assert (made != task.sample(40, seed=2)).any()
    assert len(task.draw(images[:3]).axes) == 2


def test_round_trip_brings_the_counts(tmp_path):
    task = tiny()
    task.compile("adam")
    task.fit(task.dataset(digits(), 64), steps_per_epoch=1, verbose=0)
    task.save(tmp_path / "task.keras")
    again = keras.models.load_model(tmp_path / "task.keras")
    found = [each.values_of(batch_of(task)) for each in (again, task)]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: tiny(hidden_dim=0), "`hidden_dim` must"),
        (lambda: PixelCNN(network()), "`levels` must be given"),
        (lambda: PixelCNN(network(), NextPixel(levels=4), levels=2), "`levels` must"),
        (
            lambda: tiny(plain_cnn((8, 8, 1), (4,), (1,))),
            "`encoder` must give features",
        ),
        (lambda: tiny(gated_pixel_cnn((8, 8, 3), 4, 1)), "`encoder` must take pixels"),
        (lambda: tiny(sees_itself()), "^`encoder` must be causal"),
    ],
)
def test_wrong_arguments_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def sees_itself():
    images = keras.Input((8, 8, 1))
    return keras.Model(images, keras.layers.Conv2D(4, 1)(images))
