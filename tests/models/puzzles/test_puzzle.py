import math

import keras
import numpy as np
import pytest

from kerassl.data import digits
from kerassl.encoders import plain_cnn
from kerassl.models.puzzles.puzzle import Puzzle
from kerassl.pretext import Rotation


def network(shape=(8, 8, 1), grid=2):
    return plain_cnn(shape, (8, 16), (1, 2), grid)


def rotation(**arguments):
    layer = Rotation(8, flip_rate=0.0, jit_compile=False)
    return Puzzle(network(), layer, **{"hidden_dims": (), **arguments})


def linear(**arguments):
    """Returns a task of two tiles whose features are their values."""
    flat = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    return Puzzle(flat, num_tiles=2, num_classes=3, hidden_dims=(), **arguments)


def puzzles(count=6):
    random = np.random.default_rng(0)
    tiles = random.normal(size=(count, 5, 2, 2, 2, 1)).astype("float32")
    return {"tiles": tiles}, random.integers(0, 3, (count, 5))


def test_loss_and_accuracy_are_those_of_the_written_formulas():
    task, (x, y) = linear(), puzzles()
    dense = task.head.stack[-1]
    bias = np.array([0.3, -0.2, 0.1], "float32")
    dense.bias.assign(bias)
    # Tile after tile, each from its first row to its last.
    logits = x["tiles"].reshape(6, 5, 8) @ np.asarray(dense.kernel) + bias
    np.testing.assert_allclose(task.predict(x, verbose=0), logits, rtol=1e-4, atol=1e-5)
    told = np.take_along_axis(logits, y[..., None], -1)[..., 0]
    loss = (np.log(np.exp(logits).sum(-1)) - told).mean()
    logs = task.values_of((x, y))
    np.testing.assert_allclose(logs["loss"], loss, rtol=1e-4)
    np.testing.assert_allclose(logs["accuracy"], (logits.argmax(-1) == y).mean())


def test_a_head_that_knows_nothing_has_the_loss_at_chance():
    task, (x, y) = linear(), puzzles()
    task.head.stack[-1].kernel.assign(np.zeros((8, 3)))
    assert task.loss_at_chance(6) == math.log(3)
    np.testing.assert_allclose(task.values_of((x, y))["loss"], math.log(3), rtol=1e-5)


def test_it_begins_near_chance():
    keras.utils.set_random_seed(0)
    task = rotation()
    loss = task.values_of(next(iter(task.dataset(digits(), 256))))["loss"]
    # Random logits cost a little.
    assert task.loss_at_chance(256) - 0.05 < loss < task.loss_at_chance(256) + 0.5


def test_a_tile_tells_nothing_of_other_puzzles():
    task, (x, _) = rotation(), next(iter(rotation().dataset(digits(), 4)))
    before = task.predict(x, verbose=0)
    tiles = x["tiles"].numpy()
    tiles[1, 2] = 0.0
    after = task.predict({"tiles": tiles}, verbose=0)
    changed = (before != after).any(-1)
    assert changed[1, 2] and changed.sum() == 1


def test_it_learns_to_tell_how_digits_are_turned():
    keras.utils.set_random_seed(0)
    task = rotation()
    task.compile(keras.optimizers.Adam(0.01))
    train = task.dataset(digits(), 64)
    task.fit(train, steps_per_epoch=60, verbose=0)
    test = task.evaluate(digits("test"), batch_size=100, return_dict=True, verbose=0)
    assert test["accuracy"] > 0.7  # by chance 0.25


def test_what_looks_the_same_turned_tells_nothing():
    """There is no trace of the turn but the image itself."""
    keras.utils.set_random_seed(0)
    distance = np.hypot(*(np.mgrid[:8, :8] - 3.5))
    radii = np.random.default_rng(0).uniform(1, 5, (64, 1, 1))
    disks = (np.clip(radii - distance + 0.5, 0, 1) * 255).astype("uint8")[..., None]
    task = rotation()
    task.compile(keras.optimizers.Adam(0.01))
    batch = task.dataset(disks, 64)
    task.fit(batch, steps_per_epoch=30, verbose=0)
    loss = task.values_of(next(iter(batch)))["loss"]
    assert loss > math.log(4) - 1e-3


def test_round_trip(tmp_path):
    task, (x, _) = linear(name="of_two"), puzzles()
    task.save(tmp_path / "task.keras")
    again = keras.models.load_model(tmp_path / "task.keras")
    np.testing.assert_array_equal(
        again.predict(x, verbose=0), task.predict(x, verbose=0)
    )
    assert again.num_tiles == 2 and again.num_classes == 3


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: rotation(num_tiles=2), "`num_tiles` must be what.* 1, or None"),
        (lambda: rotation(num_classes=8), "`num_classes` must be what.* 4, or None"),
        (lambda: rotation(hidden_dims=(0,)), "`hidden_dims` must"),
        (lambda: rotation(pooling="max"), "`pooling` must"),
        (lambda: Puzzle(network()), "`num_tiles` must be given"),
        (lambda: Puzzle(network(), num_tiles=1), "`num_classes` must be given"),
        (
            lambda: Puzzle(network((12, 12, 1)), Rotation(8)),
            "`encoder` must take the tiles.* 8 x 8.* Received: an encoder of 12 x 12",
        ),
    ],
)
def test_wrong_arguments_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
