import itertools

import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.pretext import Jigsaw
from kerassl.pretext.image import jigsaw
from kerassl.pretext.image.permutations import PERMUTATIONS, distant_permutations

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=30, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def small(**options):
    return Jigsaw(30, 7, jit_compile=False, **options)


def test_tiles_lie_anywhere_inside_the_cells_that_the_permutation_names(monkeypatch):
    monkeypatch.setattr(jigsaw, "standardize", lambda tiles: tiles)
    pixels = tf.reshape(tf.range(900, dtype=tf.float32), (1, 30, 30, 1))
    tiles, classes = small().cut(tf.repeat(pixels, 300, axis=0), SEED)
    first = tiles[:, 0, :, 0, 0, 0].numpy().astype(int)
    np.testing.assert_array_equal(tiles[:, 0, :, 6, 6, 0], first + 6 * 30 + 6)
    rows, columns = first // 30, first % 30
    cells = rows // 10 * 3 + columns // 10
    np.testing.assert_array_equal(cells, np.array(PERMUTATIONS)[classes[:, 0]])
    for inside in (rows % 10, columns % 10):
        # From the first to the last place where the tile ends within the cell.
        np.testing.assert_allclose(np.bincount(inside.ravel()) / 2700, 1 / 4, atol=0.03)
    assert len(np.unique(classes)) > 56


def test_the_light_of_a_tile_tells_nothing():
    """Of an image that only grows lighter all tiles are alike."""
    ramp = np.linspace(0.1, 0.9, 30, dtype="float32")
    images = np.broadcast_to(ramp[:, None, None] * 0.3 + ramp[:, None], (2, 30, 30, 1))
    tiles = small()(images / images.max(), SEED)[0]["tiles"].numpy().reshape(18, -1)
    np.testing.assert_allclose(tiles, tiles[:1].repeat(18, 0), atol=1e-3)


def test_each_channel_of_each_tile_is_standardized():
    tiles = small(grayscale_rate=0.0)(photos(), SEED)[0]["tiles"].numpy()
    np.testing.assert_allclose(tiles.mean((3, 4)), 0, atol=1e-4)
    np.testing.assert_allclose(tiles.std((3, 4)), 1, atol=1e-3)


def test_a_share_of_the_images_is_grey():
    images = photos(2000, 3)
    tiles = Jigsaw(6, 1, jit_compile=False).views["image"](images, SEED).numpy()
    grey = np.ptp(tiles, axis=-1).max((1, 2)) < 1e-4
    np.testing.assert_allclose(grey.mean(), 0.3, atol=0.03)
    whole = small(grayscale_rate=1.0)(photos(), SEED)[0]["tiles"].numpy()
    np.testing.assert_allclose(whole[..., 0], whole[..., 2], atol=1e-2)


def test_the_permutations_are_far_from_one_another():
    orders = np.array(PERMUTATIONS)
    assert orders.shape == (64, 9) and (np.sort(orders) == np.arange(9)).all()
    pairs = np.array([(a != b).sum() for a, b in itertools.combinations(orders, 2)])
    assert pairs.min() == 7 and 8.1 < pairs.mean() < 8.2
    # Every tile comes from every cell about equally often.
    counts = [np.bincount(tile, minlength=9) for tile in orders.T]
    assert np.min(counts) >= 5 and np.max(counts) <= 9


def test_the_permutations_are_those_that_the_search_finds():
    np.testing.assert_array_equal(distant_permutations(9, 6), PERMUTATIONS[:6])
    # Four of four can differ everywhere: a Latin square.
    square = distant_permutations(4, 4)
    assert all((a != b).all() for a, b in itertools.combinations(square, 2))


def test_orders_of_ones_own():
    orders = [list(range(9)), [*range(1, 9), 0]]
    layer = small(permutations=orders)
    assert layer.num_classes == 2
    _, classes = layer(photos(200, 30, 1), SEED)
    assert np.unique(classes).tolist() == [0, 1]


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = small()
    dataset = tf.data.Dataset.from_tensors(photos())
    x, y = next(iter(dataset.map(lambda images: layer(images, SEED))))
    tiles, classes = layer(photos(), SEED)
    np.testing.assert_allclose(x["tiles"], tiles["tiles"], atol=1e-4)
    np.testing.assert_array_equal(y, classes)
    assert x["tiles"].shape == (4, 1, 9, 7, 7, 3) and y.shape == (4, 1)


def test_config_round_trip_and_picture():
    orders = [list(range(9)), [*range(1, 9), 0]]
    layer = Jigsaw(33, 8, orders, 0.5, (0.5, 0.9), 0.5, jit_compile=False)
    again = Jigsaw.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["tiles"], layer(photos(), SEED)[0]["tiles"]
    )
    figure = layer.draw(photos(batch=2), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 20


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"size": 0}, "`size` must"),
        ({"size": 32}, "`size` must be a multiple of 3. Received: 32"),
        ({"tile_size": 75}, "`tile_size` must.* 74"),
        ({"grayscale_rate": 2}, "`grayscale_rate` must"),
        ({"permutations": [[0, 1, 2]]}, "`permutations` must be two or more orders"),
        ({"permutations": 3}, "`permutations` must be two or more orders"),
        ({"permutations": [range(9), range(9)]}, "`permutations` must differ"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        Jigsaw(**arguments)
