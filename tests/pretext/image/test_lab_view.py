import numpy as np
import pytest
import tensorflow as tf
from drawn import images_in
from matplotlib.figure import Figure

from kerassl.augment.image import rgb_to_lab
from kerassl.augment.image.lab import LEAST, MOST
from kerassl.pretext import LabView, RandomView

SEED = tf.constant([3, 4], "int64")


def photos(batch=4, side=12, channels=3):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (batch, side, side, channels), dtype="uint8")


def view(images, jit_compile=False, **options):
    return LabView(8, jit_compile=jit_compile, **options)(images, SEED)[0]["image"]


def test_a_view_is_that_of_a_random_view_in_lab():
    rgb = RandomView(8, (0.2, 1.0), jit_compile=False)(photos(), SEED)[0]["image"]
    least, most = np.array(LEAST), np.array(MOST)
    expected = 2 * (rgb_to_lab(rgb) - least) / (most - least) - 1
    np.testing.assert_allclose(view(photos()), expected, atol=1e-4)
    np.testing.assert_allclose(view(photos()), view(photos(), True), atol=1e-4)


def test_the_range_is_the_same_for_every_image():
    prepare = LabView(12).prepare
    dim, alone = photos() // 4, prepare(photos()[:1] // 4)
    both = prepare(np.concatenate([dim[:1], photos()]))
    np.testing.assert_allclose(both[:1], alone, atol=1e-6)
    assert np.max(alone[..., 0]) < 0 < np.max(both[1:, ..., 0])


def test_a_grey_image_tells_nothing_in_a_and_b():
    grey = photos()[..., :1].repeat(3, -1)
    found = view(grey).numpy()
    assert found[..., 1:].std(axis=(0, 1, 2)).max() < 1e-3 < found[..., 0].std()


def test_prepare_keeps_the_whole_image_in_the_range_of_the_encoder():
    layer = LabView(12)
    ready = layer.prepare(photos()).numpy()
    layer.encoder_input.check(ready)
    assert ready.shape == (4, 12, 12, 3) and ready.dtype == np.float32
    with pytest.raises(ValueError, match="L, a, b"):
        layer.encoder_input.check(photos())


def test_a_pure_function_inside_dataset_map_config_and_picture():
    layer = LabView(8, (0.5, 0.9), (1.0, 1.0), flip_rate=0.2, jit_compile=False)
    dataset = tf.data.Dataset.from_tensors(photos())
    (mapped,) = next(iter(dataset.map(lambda images: layer(images, SEED))))
    np.testing.assert_allclose(
        mapped["image"], layer(photos(), SEED)[0]["image"], atol=1e-5
    )
    again = LabView.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    figure = layer.draw(photos(batch=2), SEED)
    assert isinstance(figure, Figure) and images_in(figure) == 8


def test_errors():
    with pytest.raises(ValueError, match="`images` must be in colour.*1 channel"):
        view(photos(channels=1))
    with pytest.raises(ValueError, match="`crop_scale` must"):
        LabView(crop_scale=(0.0, 1.0))
