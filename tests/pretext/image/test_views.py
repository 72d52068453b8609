import keras
import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.augment.image import View
from kerassl.errors import UserError
from kerassl.pretext import TwoViews, Views, fold_seed
from kerassl.zoo import build

SEED = tf.constant([3, 4], "int64")
LARGE = View(12, crop_scale=(0.4, 1.0), blur_rate=1.0)
OTHER = View(12, crop_scale=(0.4, 1.0), blur_rate=0.1, solarize_rate=0.2)
SMALL = View(6, crop_scale=(0.05, 0.4))


def photos(batch=4, side=16, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def multi_crop(**options):
    return Views([LARGE, OTHER], SMALL, 2, jit_compile=False, **options)


def test_global_views_come_first_and_all_are_named():
    (x,) = multi_crop()(photos(), SEED)
    assert list(x) == ["view1", "view2", "local1", "local2"]
    shapes = [tuple(view.shape) for view in x.values()]
    assert shapes == [(4, 12, 12, 3)] * 2 + [(4, 6, 6, 3)] * 2


def test_each_view_is_of_its_kind_and_its_seed():
    (x,) = multi_crop()(photos(), SEED)
    kinds = {"view1": LARGE, "view2": OTHER, "local1": SMALL, "local2": SMALL}
    for i, (name, kind) in enumerate(kinds.items(), start=1):
        expected = kind(photos(), fold_seed(SEED, i))
        np.testing.assert_allclose(x[name], expected, atol=1e-5)
    assert not np.allclose(x["local1"], x["local2"])


def test_local_views_leave_the_global_ones_as_they_are():
    (alone,) = Views([LARGE, OTHER], jit_compile=False)(photos(), SEED)
    (x,) = multi_crop()(photos(), SEED)
    for name, view in alone.items():
        np.testing.assert_array_equal(x[name], view)


def test_two_views_are_a_special_case():
    two = TwoViews(12, blur_rate=(1.0, 0.1), mean=(0.5,), jit_compile=False)
    kinds = [View(12, blur_rate=1.0), View(12, blur_rate=0.1)]
    general = Views(kinds, mean=(0.5,), jit_compile=False)
    for one, other in zip(
        two(photos(), SEED)[0].values(),
        general(photos(), SEED)[0].values(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_compiled_and_mapped_views_agree():
    layers = multi_crop(), Views([LARGE, OTHER], SMALL, 2)
    dataset = tf.data.Dataset.from_tensors(photos())
    alone, mapped = layers[0](photos(), SEED)[0], []
    for layer in layers:
        mapped += dataset.map(lambda x, layer=layer: layer(x, SEED)[0])
    for x in mapped:
        assert x["local2"].shape == (4, 6, 6, 3)
        for name, view in x.items():
            np.testing.assert_allclose(view, alone[name], atol=1e-4)


def test_prepare_and_draw_show_the_whole_image_and_every_view():
    layer = multi_crop(mean=(0.5,), std=(0.2,))
    assert layer.prepare(photos()).shape == (4, 12, 12, 3)
    figure = layer.draw(photos(batch=2), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 2 * 5


def test_config_round_trip():
    layer = multi_crop(std=(0.5,))
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(
        again(photos(), SEED)[0]["local2"], layer(photos(), SEED)[0]["local2"]
    )


def test_a_preset_names_options_only():
    layer = build(
        {
            "class": "kerassl.pretext.Views",
            "global_views": [{"size": 12, "blur_rate": 1.0}, {"size": 12}],
            "local_view": {"size": 6, "crop_scale": [0.05, 0.4]},
            "num_local_views": 2,
        },
        "pretext",
    )
    assert layer.global_views == (View(12, blur_rate=1.0), View(12))
    assert layer.views["local2"] == SMALL


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"global_views": []}, "`global_views` must be a list"),
        ({"global_views": LARGE}, "`global_views` must be a list"),
        ({"global_views": [None]}, "`global_views` must be made of views"),
        ({"global_views": [{"sise": 8}]}, "`global_views` must give .*'sise'"),
        ({"global_views": [{"size": 0}]}, "`size` must be an integer"),
        ({"local_view": 6, "num_local_views": 1}, "`local_view` must be made"),
        ({"local_view": SMALL}, "`local_view` must be given together"),
        ({"num_local_views": 6}, "`local_view` must be given together"),
        ({"num_local_views": 0.5}, "`num_local_views` must be an integer"),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(UserError, match=message):
        Views(**arguments)
