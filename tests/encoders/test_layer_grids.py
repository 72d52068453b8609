"""The maps of all convolutions, pooled to a grid and joined."""

import keras
import numpy as np
import pytest

from kerassl.encoders import dcgan_discriminator, layer_grids


def images(side=28):
    return np.random.default_rng(0).uniform(-1, 1, (3, side, side, 1)).astype("float32")


@pytest.mark.parametrize("batch_norm", [True, False])
def test_values_are_those_of_numpy(batch_norm):
    encoder = dcgan_discriminator((32, 32, 1), (3, 5), 4, batch_norm)
    found = np.asarray(layer_grids(encoder, grid=4)(images(32), training=False))
    expected = []
    for name, side in (("leaky1", 16), ("leaky2", 8)):
        maps = keras.Model(encoder.input, encoder.get_layer(name).output)
        values = np.asarray(maps(images(32), training=False))
        cells = values.reshape(3, 4, side // 4, 4, side // 4, -1)
        expected.append(cells.max((2, 4)).reshape(3, -1))
    np.testing.assert_allclose(found, np.concatenate(expected, 1), rtol=1e-6)


def test_sizes_of_the_paper_and_of_odd_sides():
    paper = dcgan_discriminator((64, 64, 3), (256, 512, 1024))
    assert layer_grids(paper).output_shape == (None, 28672)
    odd = layer_grids(dcgan_discriminator((28, 28, 1), (2, 3, 5)))
    assert odd.output_shape == (None, 16 * (2 + 3 + 5))
    small = layer_grids(dcgan_discriminator((4, 4, 1), (2,)), grid=4)
    assert small.output_shape == (None, 2 * 2 * 2)


def test_it_shares_weights_and_is_plain_keras(tmp_path):
    encoder = dcgan_discriminator((28, 28, 1), (2, 3))
    grids = layer_grids(encoder)
    assert {id(v) for v in grids.weights} == {id(v) for v in encoder.weights}
    grids.save(tmp_path / "grids.keras")
    again = keras.saving.load_model(tmp_path / "grids.keras")
    np.testing.assert_allclose(again(images()), grids(images()), rtol=1e-6)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`encoder` must be a chain of convolutions"):
        layer_grids(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))
    with pytest.raises(ValueError, match="`grid`"):
        layer_grids(dcgan_discriminator((28, 28, 1), (2,)), grid=0)
