import numpy as np
import pytest

from kerassl.layers import MapEmbedding


def grid():
    return np.random.default_rng(0).normal(size=(6, 3, 3, 4)).astype("float32")


def test_the_shortcut_comes_first_and_all_is_normalised():
    embedding = MapEmbedding(5)
    found = np.array(embedding(grid(), training=True))
    shortcut = np.einsum("brci,io->brco", grid(), embedding.shortcut.kernel[0, 0])
    shortcut = shortcut.reshape(-1, 5)
    expected = (shortcut - shortcut.mean(0)) / np.sqrt(shortcut.var(0) + 1e-3)
    np.testing.assert_allclose(found.reshape(-1, 5), expected, rtol=1e-2, atol=1e-3)


def test_places_do_not_see_each_other():
    embedding = MapEmbedding(5)
    embedding.build(grid().shape)
    kernel = embedding.residual.kernel
    kernel.assign(np.random.default_rng(1).normal(size=kernel.shape))
    changed = grid()
    changed[:, 1, 2] += 1
    moved = np.abs(embedding(changed) - embedding(grid())).max(axis=(0, 3)) > 1e-6
    assert moved[1, 2] and moved.sum() == 1


def test_config_round_trip_and_errors():
    assert MapEmbedding.from_config(MapEmbedding(5).get_config()).output_dim == 5
    with pytest.raises(ValueError, match="`output_dim`"):
        MapEmbedding(0)
