import keras
import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.pretext.image.two_views import TwoViews

SEED = tf.constant([3, 4], "int64")
STILL = {
    "crop_scale": None,
    "flip_rate": 0.0,
    "color_rate": 0.0,
    "grayscale_rate": 0.0,
    "blur_rate": 0.0,
    "jit_compile": False,
}


def photos(batch=4, side=12, channels=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def test_views_differ_between_themselves_and_between_seeds():
    layer = TwoViews(8, jit_compile=False)
    (x,) = layer(photos(), SEED)
    (other,) = layer(photos(), SEED + 1)
    assert x["view1"].shape == x["view2"].shape == (4, 8, 8, 3)
    gaps = np.abs(x["view1"] - x["view2"]).max(axis=(1, 2, 3))
    assert (gaps > 1e-3).all()
    assert np.abs(x["view1"] - other["view1"]).max() > 1e-3


def test_alone_mapped_and_compiled_agree():
    layers = TwoViews(8), TwoViews(8, jit_compile=False)
    alone = [layer(photos(), SEED)[0] for layer in layers]
    dataset = tf.data.Dataset.from_tensors(photos())
    mapped = [
        next(iter(dataset.map(lambda x, layer=layer: layer(x, SEED)[0])))
        for layer in layers
    ]
    for x in mapped:
        assert x["view1"].shape == (4, 8, 8, 3)
    for view in ("view1", "view2"):
        np.testing.assert_array_equal(mapped[0][view], alone[0][view])
        np.testing.assert_allclose(mapped[1][view], alone[1][view], atol=1e-5)
        np.testing.assert_allclose(alone[0][view], alone[1][view], atol=1e-4)


def test_gray_digits():
    layer = TwoViews(8, jit_compile=False)
    (x,) = layer(photos(side=8, channels=1), SEED)
    assert x["view2"].shape == (4, 8, 8, 1)


def test_everything_off_gives_prepare():
    layer = TwoViews(12, **STILL, mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.1))
    (x,) = layer(photos(), SEED)
    np.testing.assert_allclose(x["view1"], layer.prepare(photos()), atol=1e-4)
    expected = (photos() / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.2, 0.1]
    np.testing.assert_allclose(layer.prepare(photos()), expected, atol=1e-4)


def test_a_pair_of_rates_is_one_for_each_view():
    x = photos()
    layer = TwoViews(12, **STILL, solarize_rate=(0.0, 1.0))
    (views,) = layer(x, SEED)
    np.testing.assert_allclose(views["view1"], x / 255, atol=1e-5)
    inverted = np.where(x < 127.5, x / 255, 1 - x / 255)
    np.testing.assert_allclose(views["view2"], inverted, atol=1e-5)


def test_draw_shows_each_image_with_its_views():
    figure = TwoViews(8, jit_compile=False, mean=(0.5,)).draw(photos(batch=2), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 6


def test_config_round_trip():
    layer = TwoViews(8, blur_rate=(1.0, 0.1), mean=(0.5,), jit_compile=False)
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["view2"], layer(photos(), SEED)[0]["view2"]
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"size": 0},
        {"crop_scale": (0.5, 0.2)},
        {"blur_rate": (0.5, 2.0)},
        {"std": (0.0,)},
    ],
)
def test_errors_name_the_argument(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        TwoViews(**arguments)


def test_prepare_many_batches_in_parallel():
    # A product with a constant matrix once aborted the process here.
    layer = TwoViews(8)
    images = tf.data.Dataset.from_tensors(photos(side=8)).repeat(200)
    prepared = images.map(layer.prepare, num_parallel_calls=tf.data.AUTOTUNE)
    assert sum(1 for _ in prepared) == 200
