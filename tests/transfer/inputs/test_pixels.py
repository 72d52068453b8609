"""Pixels and their main axes, beside a direct computation."""

import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import ArraySource
from kerassl.data.source import Source
from kerassl.transfer.inputs import pixels as module
from kerassl.transfer.inputs.pixels import area_averaged, pixels


def images(count, *shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, *shape)).astype("uint8")


class OfManySizes(Source):
    """Images of different sizes, in a ragged tensor."""

    modality = "image"

    def __init__(self, given):
        super().__init__()
        rows = [tf.RaggedTensor.from_tensor(image, ragged_rank=2) for image in given]
        self._images = tf.stack(rows)

    def __len__(self):
        return self._images.shape[0]

    def fetch(self, indices):
        return tf.gather(self._images, indices)


def test_small_images_are_their_pixels_in_order():
    x = images(300, 8, 6, 3)
    found = pixels(ArraySource(x), ArraySource(x[:5]))
    assert [each.name for each in found] == ["raw pixels", "PCA of the pixels"]
    np.testing.assert_allclose(found[0].train, x.reshape(300, -1) / 255, rtol=1e-6)
    np.testing.assert_array_equal(found[0].test, found[0].train[:5])
    assert found[0].train.dtype == np.float32


def test_large_images_are_averaged_over_areas():
    x = images(3, 64, 96, 1)
    found = pixels(ArraySource(x), ArraySource(x))[0]
    means = x.reshape(3, 32, 2, 32, 3).mean((2, 4)) / 255
    assert found.name == "raw pixels at 32x32"
    np.testing.assert_allclose(found.train, means.reshape(3, -1), rtol=1e-5)


def test_areas_of_parts_of_pixels():
    # 3 pixels as 2: each takes one and a half.
    row = np.array([[[[0.0], [3.0], [6.0]]]], "float32")
    np.testing.assert_allclose(area_averaged(row, 1, 2).ravel(), [1.0, 5.0])
    x = np.random.default_rng(0).random((2, 37, 41, 3)).astype("float32")
    small = area_averaged(x, 32, 7)
    np.testing.assert_allclose(small.mean((1, 2)), x.mean((1, 2)), rtol=1e-5)


def test_images_of_different_sizes_become_one_size():
    source = OfManySizes([np.full((4, 6, 1), 51, "uint8"), images(1, 70, 40, 1)[0]])
    found = pixels(source, source)[0]
    assert found.name == "raw pixels at 32x32"
    assert found.train.shape == (2, 32 * 32)
    np.testing.assert_allclose(found.train[0], 0.2, rtol=1e-5)


def test_the_axes_are_those_of_the_covariance(monkeypatch):
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(200, 5)) @ np.diag([9, 5, 3, 1, 0.5])).astype("float32")
    train, test = x[:150].reshape(-1, 5, 1, 1), x[150:].reshape(-1, 5, 1, 1)
    monkeypatch.setattr(module, "AXES", 3)
    found = pixels(ArraySource(train), ArraySource(test))[1]
    _, axes = np.linalg.eigh(np.cov(x[:150].T))
    wanted = (x[150:] - x[:150].mean(0)) @ axes[:, ::-1][:, :3]
    wanted /= np.sqrt(x[:150].var(0).mean())
    np.testing.assert_allclose(np.abs(found.test), np.abs(wanted), atol=1e-3)
    again = pixels(ArraySource(train), ArraySource(test))[1]
    np.testing.assert_array_equal(found.test, again.test)


def test_all_pixels_stay_within_the_memory(monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 4 * 3 * 20 * 5 * 5)
    x = images(10, 8, 8, 3)
    found = pixels(ArraySource(x), ArraySource(x))[0]
    assert found.name == "raw pixels at 5x5" and found.train.nbytes == 4 * 3 * 10 * 25


def test_one_image_and_grey_ones_without_channels():
    found = pixels(ArraySource(images(1, 5, 5)), ArraySource(images(4, 5, 5)))
    assert [each.test.shape for each in found] == [(4, 25)]
    two = pixels(ArraySource(images(2, 5, 5)), ArraySource(images(4, 5, 5)))
    assert [each.test.shape for each in two] == [(4, 25), (4, 2)]


def test_constant_images_have_no_axes():
    found = pixels(*[ArraySource(np.full((9, 4, 4, 1), 255, "uint8"))] * 2)
    assert [each.name for each in found] == ["raw pixels"]


@pytest.mark.parametrize("shape", [(2, 4), (2, 2, 4, 4, 1)])
def test_what_is_no_image_is_told(shape):
    source = ArraySource(np.zeros(shape, "uint8"))
    with pytest.raises(ValueError, match=r"`train` must hold images .*shape: \(2,"):
        pixels(source, source)


def test_grey_and_colour_do_not_mix():
    with pytest.raises(ValueError, match="`test` must hold images of 3 channels"):
        pixels(ArraySource(images(3, 4, 4, 3)), ArraySource(images(3, 4, 4, 1)))
