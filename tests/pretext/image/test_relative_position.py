import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.pretext import RelativePosition
from kerassl.pretext.image import relative_position

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=32, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def small(**options):
    options = {"gap": 2, "jitter": 1, "downsample_rate": 0.0, **options}
    return RelativePosition(32, 8, jit_compile=False, **options)


@pytest.fixture
def places(monkeypatch):
    """Returns the (row, column) of both patches, (images, pairs, 2, 2), and classes."""
    monkeypatch.setattr(relative_position, "standardize", lambda tiles: tiles)
    layer = small(pairs=4)
    pixels = tf.reshape(tf.range(32 * 32, dtype=tf.float32), (1, 32, 32, 1))
    tiles, classes = layer.cut(tf.repeat(pixels, 500, axis=0), SEED)
    first = tiles[..., 0, 0, 0].numpy().astype(int)
    np.testing.assert_array_equal(tiles[..., 3, 5, 0], first + 3 * 32 + 5)
    return np.stack([first // 32, first % 32], axis=-1), classes.numpy()


def test_the_second_patch_lies_where_the_class_says(places):
    corners, classes = places
    assert np.unique(classes).tolist() == list(range(8))
    np.testing.assert_allclose(np.bincount(classes.ravel()) / 2000, 1 / 8, atol=0.03)
    rows = np.array([0, 0, 0, 1, 1, 2, 2, 2]) - 1
    columns = np.array([0, 1, 2, 0, 2, 0, 1, 2]) - 1
    wanted = 10 * np.stack([rows, columns], axis=-1)[classes]
    moved = corners[:, :, 1] - corners[:, :, 0] - wanted
    assert np.unique(moved).tolist() == [-2, -1, 0, 1, 2]  # each patch by up to 1


def test_patches_do_not_touch_and_lie_inside(places):
    corners, _ = places
    assert corners.min() >= 0 and corners.max() <= 32 - 8
    apart = np.abs(corners[:, :, 1] - corners[:, :, 0]).max(-1)
    assert apart.min() == 8  # side by side at the nearest, with no pixel of both


def test_where_the_first_patch_lies_does_not_tell_the_class(places):
    corners, classes = places
    means = [corners[classes == k][:, 0].mean(0) for k in range(8)]
    np.testing.assert_allclose(means, np.full((8, 2), 12.0), atol=0.3)


def test_each_patch_has_one_channel_and_faint_noise_for_the_others():
    x, _ = small(pairs=20)(photos(), SEED)
    tiles = x["tiles"].numpy().reshape(-1, 64, 3)
    std = np.sort(tiles.std(1), axis=-1)
    np.testing.assert_allclose(std[:, 2], 1, rtol=1e-3)
    assert 0 < std[:, :2].min() and std[:, :2].max() < 0.02
    np.testing.assert_allclose(tiles.mean(1), 0, atol=0.01)
    kept = np.bincount(tiles.std(1).argmax(-1))
    assert len(kept) == 3 and kept.min() > 30


def test_channels_that_are_dropped_tell_nothing():
    before = small()(photos(), SEED)[0]["tiles"].numpy()
    images = photos()
    images[..., 0] = photos()[::-1, ::-1, :, 1]
    after = small()(images, SEED)[0]["tiles"].numpy()
    kept = before.std((3, 4)).argmax(-1)
    assert 0 < (kept == 0).sum() < kept.size
    same = (before == after).all((3, 4, 5))
    np.testing.assert_array_equal(same, kept != 0)  # to the bit


def test_projected_colours_tell_nothing_of_green_against_magenta():
    random = np.random.default_rng(0)
    images = random.uniform(0.4, 0.6, (4, 32, 32, 3)).astype("float32")
    shift = random.uniform(-0.1, 0.1, (4, 32, 32, 1)) * np.array([-1, 2, -1])
    layer = small(color="project")
    before, after = (
        layer(x.astype("float32"), SEED)[0]["tiles"] for x in (images, images + shift)
    )
    np.testing.assert_allclose(before, after, atol=1e-3)
    kept = small(color="keep")(images, SEED)[0]["tiles"]
    changed = small(color="keep")((images + shift).astype("float32"), SEED)[0]["tiles"]
    assert np.abs(kept - changed).max() > 0.5


@pytest.mark.parametrize("channels", [1, 3])
def test_the_light_of_a_patch_tells_nothing(channels):
    """Of an image that only grows lighter all patches are alike."""
    ramp = np.linspace(0.1, 0.9, 32, dtype="float32")
    image = np.broadcast_to(
        ramp[:, None, None] * 0.5 + ramp[:, None] * 0.5, (32, 32, 1)
    )
    images = np.repeat(image[None], channels, -1)
    layer = small(pairs=20, color="keep")
    tiles = layer(images, SEED)[0]["tiles"].numpy().reshape(40, -1)
    np.testing.assert_allclose(tiles, tiles[:1].repeat(40, 0), atol=1e-3)


def test_a_share_of_the_patches_is_coarse():
    layer = RelativePosition(72, 20, gap=4, jitter=1, pairs=100, jit_compile=False)
    fine = RelativePosition(
        72, 20, gap=4, jitter=1, pairs=100, jit_compile=False, downsample_rate=0.0
    )
    images = photos(2, 72, 1)
    before, after = (each(images, SEED)[0]["tiles"].numpy() for each in (fine, layer))
    same = (before == after).all((3, 4, 5))
    np.testing.assert_allclose(1 - same.mean(), 0.33, atol=0.07)

    def roughness(tiles):
        return np.abs(np.diff(tiles, axis=3)).mean((3, 4, 5))

    assert (roughness(after) < roughness(before))[~same].all()


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = RelativePosition(40, 12, gap=1, jitter=0, jit_compile=False)
    dataset = tf.data.Dataset.from_tensors(photos())
    x, y = next(iter(dataset.map(lambda images: layer(images, SEED))))
    tiles, classes = layer(photos(), SEED)
    np.testing.assert_allclose(x["tiles"], tiles["tiles"], atol=1e-4)
    np.testing.assert_array_equal(y, classes)
    assert x["tiles"].shape == (4, 1, 2, 12, 12, 3) and y.shape == (4, 1)
    other = layer(photos(), SEED + 1)[0]["tiles"]
    assert not np.allclose(other, tiles["tiles"])


def test_config_round_trip_and_picture():
    layer = RelativePosition(
        44, 10, 4, 1, 2, "project", 0.5, (0.5, 0.9), 0.5, jit_compile=False
    )
    again = RelativePosition.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["tiles"], layer(photos(), SEED)[0]["tiles"]
    )
    prepared = layer.prepare(photos()).numpy()
    assert prepared.shape == (4, 44, 44, 3)
    np.testing.assert_allclose(prepared.mean((1, 2)), 0, atol=1e-3)
    figure = layer.draw(photos(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 9


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"size": 411},
            "`size` must hold three patches.*412 pixels. Received: size=411",
        ),
        ({"tile_size": 0}, "`tile_size` must"),
        ({"gap": -1}, "`gap` must"),
        ({"jitter": 25}, "`jitter` must.* 24"),
        ({"pairs": 0}, "`pairs` must"),
        ({"color": "grey"}, "`color` must be one of 'drop'"),
        ({"downsample_rate": 2}, "`downsample_rate` must"),
        ({"flip_rate": 1.5}, "`flip_rate` must"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        RelativePosition(**arguments)
