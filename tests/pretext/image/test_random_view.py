import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.augment.image import View
from kerassl.pretext import RandomView, fold_seed

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=12, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def test_a_view_is_a_crop_and_nothing_else():
    layer = RandomView(8, crop_scale=(0.3, 1.0), jit_compile=False)
    (x,) = layer(photos(), SEED)
    assert set(x) == {"image"}
    view = View(
        8, crop_scale=(0.3, 1.0), color_rate=0.0, grayscale_rate=0.0, blur_rate=0.0
    )
    expected = view(photos(), fold_seed(SEED, 1))
    np.testing.assert_allclose(x["image"], expected, atol=1e-6)
    other = layer(photos(), SEED + 1)[0]["image"]
    assert not np.allclose(x["image"], other)


def test_without_crop_it_is_the_image_or_its_mirror_image():
    def view(rate):
        layer = RandomView(12, crop_scale=None, flip_rate=rate, jit_compile=False)
        return layer(photos(), SEED)[0]["image"]

    clean = RandomView(12).prepare(photos())
    np.testing.assert_allclose(view(0.0), clean, atol=1e-5)
    np.testing.assert_allclose(view(1.0), clean[:, :, ::-1], atol=1e-5)


def test_compiled_and_plain_views_agree():
    views = [RandomView(8, jit_compile=jit)(photos(), SEED)[0] for jit in (True, False)]
    np.testing.assert_allclose(views[0]["image"], views[1]["image"], atol=1e-5)


def test_a_pure_function_alone_and_inside_dataset_map():
    layer = RandomView(8, jit_compile=False)
    dataset = tf.data.Dataset.from_tensors(photos())
    (mapped,) = next(iter(dataset.map(lambda images: layer(images, SEED))))
    np.testing.assert_allclose(
        mapped["image"], layer(photos(), SEED)[0]["image"], atol=1e-6
    )
    assert mapped["image"].shape == (4, 8, 8, 3)


def test_config_round_trip_and_picture():
    layer = RandomView(8, (0.5, 0.9), (1.0, 1.0), flip_rate=0.2, jit_compile=False)
    again = RandomView.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["image"], layer(photos(), SEED)[0]["image"]
    )
    figure = layer.draw(photos(batch=3), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 6


@pytest.mark.parametrize(
    "arguments",
    [{"size": 0}, {"crop_scale": (0.0, 1.0)}, {"flip_rate": 1.5}],
)
def test_arguments_are_checked(arguments):
    with pytest.raises(ValueError, match=f"`{next(iter(arguments))}` must"):
        RandomView(**arguments)
