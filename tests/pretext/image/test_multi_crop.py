import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure

from kerassl.augment.image import View
from kerassl.encoders import plain_cnn, resnet
from kerassl.errors import UserError
from kerassl.pretext import MultiCrop, Views
from kerassl.zoo import build

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=16, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def multi_crop(**options):
    sizes = {"size": 12, "local_size": 6, "num_local_views": 2, "jit_compile": False}
    return MultiCrop(**{**sizes, **options})


def test_views_are_named_and_of_their_sizes():
    (x,) = multi_crop(num_global_views=3)(photos(), SEED)
    sides = {name: view.shape for name, view in x.items()}
    assert sides == {
        **dict.fromkeys(("view1", "view2", "view3"), (4, 12, 12, 3)),
        **dict.fromkeys(("local1", "local2"), (4, 6, 6, 3)),
    }
    gaps = [np.abs(x["view1"] - x["view2"]), np.abs(x["local1"] - x["local2"])]
    assert all((gap.max(axis=(1, 2, 3)) > 1e-3).all() for gap in gaps)


def test_they_are_those_of_the_written_kinds():
    layer = multi_crop(blur_rate=(1.0, 0.1, 0.5), solarize_rate=(0.0, 0.2, 0.0))
    large = {"size": 12, "crop_scale": (0.4, 1.0)}
    written = Views(
        [
            View(**large, blur_rate=1.0),
            View(**large, blur_rate=0.1, solarize_rate=0.2),
        ],
        View(6, crop_scale=(0.05, 0.4), blur_rate=0.5),
        2,
        jit_compile=False,
    )
    assert layer.views == written.views
    (x,), (other,) = layer(photos(), SEED), written(photos(), SEED)
    for name, view in x.items():
        np.testing.assert_array_equal(view, other[name])


def test_a_list_of_rates_is_one_for_each_kind():
    still = dict.fromkeys(("flip_rate", "color_rate", "grayscale_rate"), 0.0)
    whole = {"crop_scale": None, "local_crop_scale": None, "size": 16, "local_size": 16}
    rates = {"blur_rate": 0.0, "solarize_rate": (0.0, 1.0, 1.0)}
    (x,) = multi_crop(**whole, **still, **rates)(photos(), SEED)
    inverted = np.where(photos() < 127.5, photos() / 255, 1 - photos() / 255)
    np.testing.assert_allclose(x["view1"], photos() / 255, atol=1e-5)
    for name in ("view2", "local1", "local2"):
        np.testing.assert_allclose(x[name], inverted, atol=1e-5)


def test_a_local_view_keeps_less_of_the_image():
    # A ramp: how much of it a crop spans tells its width.
    ramp = np.linspace(0, 1, 64, dtype="float32")[None, None, :, None]
    images = np.broadcast_to(ramp, (200, 64, 64, 1))
    layer = multi_crop(
        color_rate=0.0,
        grayscale_rate=0.0,
        blur_rate=0.0,
        crop_ratio=(1.0, 1.0),
        num_local_views=1,
    )
    (x,) = layer(images, SEED)
    # A crop's widest share lies below the root of its area, up to half a pixel each.
    spans = {n: np.ptp(np.asarray(v), axis=(1, 2, 3)) for n, v in x.items()}
    assert spans["view1"].min() > 0.4**0.5 * (1 - 1 / 12) - 0.05
    assert spans["local1"].max() < 0.4**0.5
    assert spans["local1"].min() < 0.3


def test_local_views_leave_the_global_ones_as_they_are():
    (alone,) = multi_crop(num_local_views=0)(photos(), SEED)
    (x,) = multi_crop()(photos(), SEED)
    assert list(alone) == ["view1", "view2"]
    for name, view in alone.items():
        np.testing.assert_array_equal(x[name], view)


def test_compiled_and_mapped_views_agree():
    layers = multi_crop(), multi_crop(jit_compile=True)
    dataset = tf.data.Dataset.from_tensors(photos())
    alone = layers[0](photos(), SEED)[0]
    for layer in layers:
        (x,) = dataset.map(lambda x, layer=layer: layer(x, SEED)[0])
        assert x["local2"].shape == (4, 6, 6, 3)
        for name, view in x.items():
            np.testing.assert_allclose(view, alone[name], atol=1e-4)


@pytest.mark.parametrize(
    "encoder",
    [
        lambda: resnet((None, None, 3), (1, 1), (4, 8)),
        lambda: plain_cnn((None, None, 3), (4, 8), (2, 2), grid=1),
    ],
)
def test_encoders_of_open_sides_take_both_sizes(encoder):
    encoder = encoder()
    (x,) = multi_crop()(photos(), SEED)
    shapes = {tuple(encoder(view).shape) for view in x.values()}
    assert shapes == {(4, 8)}


def test_prepare_and_draw_show_the_whole_image_and_every_view():
    layer = multi_crop(mean=(0.5,), std=(0.2,))
    assert layer.prepare(photos()).shape == (4, 12, 12, 3)
    figure = layer.draw(photos(batch=2), SEED)
    assert isinstance(figure, Figure)
    titles = [ax.get_title() for ax in figure.axes[:5]]
    assert titles == ["image", "view 1", "view 2", "local 1", "local 2"]


def test_config_round_trip():
    layer = multi_crop(blur_rate=[1.0, 0.1, 0.5], std=(0.5,), color_strength=0.5)
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.views == layer.views
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["local2"], layer(photos(), SEED)[0]["local2"]
    )


def test_a_preset_names_options_only():
    layer = build(
        {
            "class": "kerassl.pretext.MultiCrop",
            "size": 12,
            "local_size": 6,
            "num_local_views": 1,
            "crop_scale": [0.14, 1.0],
            "local_crop_scale": [0.05, 0.14],
        },
        "pretext",
    )
    assert layer.views["view2"] == View(12, crop_scale=(0.14, 1.0))
    assert layer.views["local1"] == View(6, crop_scale=(0.05, 0.14))


def test_defaults_are_two_views_of_most_and_six_of_a_part():
    sizes = {name: (v.size, v.crop_scale) for name, v in MultiCrop().views.items()}
    assert sizes == {
        **dict.fromkeys(("view1", "view2"), (224, (0.4, 1.0))),
        **{f"local{i}": (96, (0.05, 0.4)) for i in range(1, 7)},
    }


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("size", 0),
        ("local_size", 0),
        ("local_size", None),
        ("num_global_views", 0),
        ("num_local_views", -1),
        ("num_local_views", 10**9),
        ("num_local_views", 0.5),
        ("crop_scale", (0.5, 0.2)),
        ("local_crop_scale", (0.5, 2.0)),
        ("blur_rate", (0.5, 0.5)),
        ("blur_rate", "1"),
        ("solarize_rate", (0.5, 0.5, 2.0)),
        ("color_strength", -1),
        ("std", (0.0,)),
    ],
)
def test_errors_name_the_argument(argument, value):
    with pytest.raises(UserError, match=f"`{argument}`"):
        multi_crop(**{argument: value})
