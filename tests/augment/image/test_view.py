import numpy as np
import pytest
import tensorflow as tf

from kerassl.augment.image.view import View, resize, view_draws

STILL = {
    "crop_scale": (1.0, 1.0),
    "crop_ratio": (1.0, 1.0),
    "flip_rate": 0.0,
    "color_strength": 0.0,
    "grayscale_rate": 0.0,
    "blur_rate": 0.0,
}


def photos(batch=6, side=12, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def test_everything_off_is_the_image_itself():
    x = photos()
    np.testing.assert_allclose(View(12, **STILL)(x, (1, 2)), x / 255, atol=1e-5)
    np.testing.assert_allclose(resize(x, 12), x / 255, atol=1e-6)


def test_whole_image_resized_matches_tensorflow():
    x = photos(side=20)
    expected = tf.image.resize(x / np.float32(255), (8, 8), antialias=True)
    np.testing.assert_allclose(resize(x, 8), expected, atol=1e-5)
    options = {**STILL, "crop_scale": None}
    np.testing.assert_allclose(View(8, **options)(x, (1, 2)), expected, atol=1e-5)


def test_bytes_and_unit_floats_agree():
    x = photos()
    from_bytes = View(10)(x, (3, 4))
    from_floats = View(10)(x / np.float32(255), (3, 4))
    np.testing.assert_allclose(from_bytes, from_floats, atol=1e-5)


def test_views_are_in_range_and_static_in_shape():
    views = View(10, solarize_rate=0.5)(photos(), (3, 4))
    assert views.shape == (6, 10, 10, 3) and views.dtype == tf.float32
    assert float(tf.reduce_min(views)) >= 0 and float(tf.reduce_max(views)) <= 1


def test_flipping_twice_gives_the_image_back():
    options = {**STILL, "flip_rate": 1.0}
    x = photos()
    once = View(12, **options)(x, (0, 0))
    np.testing.assert_allclose(once, x[:, :, ::-1] / 255, atol=1e-5)
    np.testing.assert_allclose(View(12, **options)(once, (0, 0)), x / 255, atol=1e-5)


def test_flip_rate_is_the_share_of_flips():
    x = np.tile(np.arange(4, dtype="float32") / 4, (2000, 4, 1))[..., None]
    views = View(4, **{**STILL, "flip_rate": 0.3})(x, (0, 1)).numpy()
    share = (views[:, 0, 0, 0] > views[:, 0, 3, 0]).mean()
    assert abs(share - 0.3) < 0.04


def test_solarizing_inverts_bright_values():
    x = np.array([0.2, 0.5, 0.9, 1.0], "float32").reshape(1, 2, 2, 1)
    view = View(2, **{**STILL, "solarize_rate": 1.0})(x, (0, 1))
    np.testing.assert_allclose(np.ravel(view), [0.2, 0.5, 0.1, 0.0], atol=1e-6)


def test_grayscale_makes_the_channels_equal():
    view = View(12, **{**STILL, "grayscale_rate": 1.0})(photos(), (0, 1)).numpy()
    np.testing.assert_allclose(view[..., 0], view[..., 2], atol=1e-5)


def test_blur_smooths():
    x = photos(side=40)
    sharp = View(40, **STILL)(x, (0, 1)).numpy()
    blurred = View(40, **{**STILL, "blur_rate": 1.0})(x, (0, 1)).numpy()
    assert (
        np.abs(np.diff(blurred, axis=1)).mean() < np.abs(np.diff(sharp, axis=1)).mean()
    )
    np.testing.assert_allclose(blurred.mean(), sharp.mean(), rtol=0.02)


def test_each_image_and_each_seed_has_its_own_view():
    same = np.repeat(photos(batch=1), 4, axis=0)
    views = View(12)(same, (5, 6)).numpy()
    others = View(12)(same, (5, 7)).numpy()
    for i in range(4):
        assert np.abs(views[i] - others[i]).max() > 1e-3
        for j in range(i):
            assert np.abs(views[i] - views[j]).max() > 1e-3
    np.testing.assert_array_equal(views, View(12)(same, (5, 6)))


def test_eager_mapped_and_compiled_views_agree():
    x = photos()
    eager = View(10)(x, (7, 8))
    mapped = next(
        iter(tf.data.Dataset.from_tensors(x).map(lambda x: View(10)(x, (7, 8))))
    )
    compiled = tf.function(View(10).render, jit_compile=True)(x, view_draws((7, 8), 6))
    np.testing.assert_allclose(mapped, eager, atol=1e-5)
    np.testing.assert_allclose(compiled, eager, atol=1e-4)


def test_unknown_sizes_work_in_a_dataset():
    signature = tf.TensorSpec((None, None, None, 3), tf.uint8)
    dataset = tf.data.Dataset.from_generator(
        lambda: [photos(side=9), photos(batch=2, side=14)], output_signature=signature
    )
    views = list(dataset.map(lambda x: View(8)(x, (0, 1))))
    assert [v.shape for v in views] == [(6, 8, 8, 3), (2, 8, 8, 3)]
    expected = View(8)(photos(side=9), (0, 1))
    np.testing.assert_allclose(views[0], expected, atol=1e-4)
    assert all(v.shape == (6, 8, 8, 3) for v in [resize(photos(side=9), 8)])


@pytest.mark.parametrize(
    "images, message",
    [
        (np.zeros((4, 8, 8), "uint8"), r"\(4, 8, 8\)"),
        (np.zeros((4, 8, 8, 2), "uint8"), "1 or 3 channels"),
        (np.zeros((4, 8, 8, 1), "complex64"), "complex64"),
    ],
)
def test_other_images_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        View(8)(images, (0, 1))


@pytest.mark.parametrize(
    "options",
    [
        {"crop_scale": (0.0, 1.0)},
        {"crop_ratio": (2.0, 1.0)},
        {"color_strength": -1.0},
        {"flip_rate": 1.5},
        {"blur_rate": -0.1},
    ],
)
def test_options_out_of_range_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        View(8, **options)
