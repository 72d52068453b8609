import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.augment.image import View
from kerassl.pretext import MaskedPatches, fold_seed
from kerassl.pretext.image.random_view import PLAIN

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=12, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def made(size=12, patch_size=3, **options):
    return MaskedPatches(size, patch_size, jit_compile=False, **options)


def places(x):
    return np.concatenate([x["visible"], x["hidden"]], axis=1)


def test_each_patch_is_visible_or_hidden_and_the_share_is_the_ratio():
    (x,) = made(mask_ratio=0.75)(photos(), SEED)
    assert x["visible"].shape == (4, 4) and x["hidden"].shape == (4, 12)
    assert x["visible"].dtype == x["hidden"].dtype == tf.int32
    np.testing.assert_array_equal(np.sort(places(x), axis=1), [np.arange(16)] * 4)


@pytest.mark.parametrize(
    ("ratio", "hidden"), [(0.6, 10), (0.5, 8), (0.01, 1), (15 / 16, 15)]
)
def test_the_hidden_are_rounded_up(ratio, hidden):
    (x,) = made(mask_ratio=ratio)(photos(), SEED)
    assert x["hidden"].shape == (4, hidden)


def test_every_patch_is_hidden_as_often():
    layer = made(mask_ratio=0.25)
    (x,) = layer(photos(4000, 4), SEED)
    share = np.bincount(x["hidden"].numpy().ravel(), minlength=16) / 4000
    np.testing.assert_allclose(share, 0.25, atol=0.03)
    assert len(np.unique(places(x), axis=0)) > 3900


def test_units_are_hidden_as_a_whole():
    (x,) = made(24, 3, unit_size=6, mask_ratio=0.6)(photos(), SEED)
    assert x["hidden"].shape == (4, 40)  # ten units of 2 x 2 patches
    mask = np.zeros((4, 64))
    np.put_along_axis(mask, x["hidden"].numpy(), 1, axis=1)
    units = mask.reshape(4, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(4, 16, 4)
    assert set(units.sum(axis=-1).ravel()) == {0, 4}
    np.testing.assert_array_equal(np.sort(places(x), axis=1), [np.arange(64)] * 4)


def test_the_view_is_a_crop_and_is_left_whole():
    (x,) = made()(photos(), SEED)
    view = View(12, crop_scale=(0.2, 1.0), **PLAIN)
    expected = view(photos(), fold_seed(SEED, 1))
    np.testing.assert_allclose(x["images"], expected, atol=1e-6)
    (x,) = made(crop_scale=None, flip_rate=0.0)(photos(), SEED)
    np.testing.assert_allclose(x["images"], photos() / 255.0, atol=1e-5)


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = made()
    dataset = tf.data.Dataset.from_tensors(photos())
    (mapped,) = next(iter(dataset.map(lambda images: layer(images, SEED))))
    (alone,) = layer(photos(), SEED)
    np.testing.assert_array_equal(places(mapped), places(alone))
    np.testing.assert_allclose(mapped["images"], alone["images"], atol=1e-6)
    (other,) = layer(photos(), SEED + 1)
    assert not np.array_equal(places(other), places(alone))


def test_config_round_trip_and_picture():
    layer = made(unit_size=6, mask_ratio=0.5, mean=(0.4, 0.5, 0.6), std=(0.2,) * 3)
    again = MaskedPatches.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    figure = layer.draw(photos(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 9
    images = layer.prepare(photos())
    np.testing.assert_allclose(layer.values(images), photos() / 255.0, atol=1e-5)
    hidden = np.tile(np.arange(15), (4, 1))
    left = layer.masked(layer.values(images), hidden)
    assert (left[:, :9] == 0.5).all() and (left[:, :, :9] == 0.5).all()
    np.testing.assert_allclose(left[:, 9:, 9:], photos()[:, 9:, 9:] / 255.0, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"size": 10}, "size"),
        ({"unit_size": 4}, "size"),
        ({"patch_size": 0}, "patch_size"),
        ({"mask_ratio": 0.0}, "mask_ratio"),
        ({"mask_ratio": 1.0}, "mask_ratio"),
        ({"mask_ratio": 0.99}, "mask_ratio"),
        ({"crop_scale": (0.0, 1.0)}, "crop_scale"),
    ],
)
def test_arguments_are_checked(options, name):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        made(**options)
