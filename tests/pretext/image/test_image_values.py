"""Every layer that takes images refuses, and scales, the same values."""

import numpy as np
import pytest
import tensorflow as tf

from kerassl.errors import UserError
from kerassl.pretext import ImagesAndNoise, RandomView, Reconstruct, TwoViews

SEED = tf.constant([3, 4], "int64")
STILL = {"crop_scale": None, "flip_rate": 0.0}
LAYERS = {
    "two views": TwoViews(
        6, **STILL, color_rate=0.0, grayscale_rate=0.0, blur_rate=0.0
    ),
    "uncompiled views": TwoViews(6, jit_compile=False),
    "random view": RandomView(6, **STILL),
    "reconstruct": Reconstruct(),
    "reconstruct resized": Reconstruct(size=4),
    "images and noise": ImagesAndNoise(),
    "images and noise resized": ImagesAndNoise(size=4, channels=1),
}
UNIT = np.random.default_rng(0).random((4, 6, 6, 3), "float32")
WRONG = {
    "0 to 255": UNIT * 255,
    "-1 to 1": UNIT * 2 - 1,
    "0 to 16": UNIT * 16,
    "int64": (UNIT * 4095).astype("int64"),
    "NaN": np.where(UNIT > 0.9, np.float32(np.nan), UNIT),
}


@pytest.mark.parametrize("values", WRONG)
@pytest.mark.parametrize("layer", LAYERS)
def test_values_out_of_range_are_refused(layer, values):
    layer, images = LAYERS[layer], WRONG[values]
    for use in (layer.check, layer.prepare, lambda x: layer(x, SEED)):
        with pytest.raises(UserError, match="`images` must hold .* Received") as caught:
            use(images)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["call", "prepare"])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_stream_is_watched(layer, method):
    layer = LAYERS[layer]

    def use(images):
        return layer(images, SEED) if method == "call" else layer.prepare(images)

    both = np.stack([UNIT, WRONG["0 to 255"]])
    batches = iter(tf.data.Dataset.from_tensor_slices(both).map(use))
    next(batches)
    with pytest.raises(tf.errors.InvalidArgumentError, match="`images` must hold"):
        next(batches)


@pytest.mark.parametrize("layer", ["two views", "random view", "reconstruct"])
@pytest.mark.parametrize("dtype", ["bool", "uint16", "int64", "float16"])
def test_a_view_of_any_dtype_has_its_brightness(layer, dtype):
    scale = {"bool": 1.0, "uint16": 65535, "int64": 255, "float16": 1.0}[dtype]
    images = np.round(UNIT * scale).astype(dtype)
    made = tf.nest.flatten(LAYERS[layer](images, SEED))[0]
    wanted = images.astype("float64") / scale
    np.testing.assert_allclose(made, wanted, atol=1e-3)
    np.testing.assert_allclose(LAYERS[layer].prepare(images), wanted, atol=1e-3)


@pytest.mark.parametrize("layer", [n for n in LAYERS if n != "reconstruct"])
@pytest.mark.parametrize("shape", [(4, 6, 6, 0), (4, 0, 6, 3), (4, 6)])
def test_other_shapes_are_refused_in_one_line(layer, shape):
    with pytest.raises(UserError, match="Received") as caught:
        LAYERS[layer](np.zeros(shape, "float32"), SEED)
    assert "\n" not in str(caught.value)


def test_vectors_may_have_any_finite_values():
    vectors = np.array([[-3.0, 7.0]], "float32")
    np.testing.assert_array_equal(Reconstruct().prepare(vectors), vectors)
    with pytest.raises(UserError, match="finite numbers.*NaN or infinity"):
        Reconstruct().prepare(vectors * np.float32(np.inf))
    with pytest.raises(UserError, match=r"integers in \[0, 255\].*to 300"):
        Reconstruct().prepare(np.array([[0, 300]]))


@pytest.mark.parametrize("kind", [TwoViews, RandomView, Reconstruct])
@pytest.mark.parametrize("size", [9_999_999, 0, -1, "32", True, 8.0])
def test_a_side_is_bounded(kind, size):
    with pytest.raises(UserError, match="`size` must be an integer"):
        kind(size)


@pytest.mark.parametrize(
    "options",
    [
        {"crop_scale": (float("nan"), 1.0)},
        {"crop_scale": "half"},
        {"crop_scale": (0.1, 0.5, 1.0)},
        {"crop_scale": 0.5},
        {"crop_ratio": (1.0, float("inf"))},
        {"crop_ratio": None},
        {"flip_rate": float("nan")},
        {"flip_rate": "0.5"},
        {"flip_rate": True},
        {"color_strength": float("nan")},
        {"blur_rate": (0.1, 0.2, 0.3)},
        {"solarize_rate": "often"},
        {"mean": "grey"},
        {"mean": (float("nan"),)},
        {"std": ()},
        {"std": (0.5, -0.5)},
    ],
)
def test_options_of_a_wrong_kind_are_named(options):
    (name,) = options
    for kind in (TwoViews, RandomView):
        if kind is TwoViews or name.startswith(("crop", "flip")):
            with pytest.raises(UserError, match=f"`{name}` must"):
                kind(8, **options)


def test_means_must_fit_the_channels():
    with pytest.raises(UserError, match="`mean` must hold one number"):
        TwoViews(6, mean=(0.5, 0.5, 0.5))(UNIT[..., :1], SEED)
