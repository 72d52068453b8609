import keras
import numpy as np
import pytest

from kerassl.encoders import multiscale_cnn

SMALL = {"widths": (4, 5, 5, 6), "kernels": (2, 3, 3, 3), "strides": (1, 1, 1, 1)}


def maps_of(encoder, *names):
    outputs = [encoder.get_layer(name).output for name in names]
    return keras.Model(encoder.input, outputs)


def test_the_papers_maps():
    encoder = multiscale_cnn((32, 32, 3), widths=(4, 4, 4, 4, 4, 8), depth=1)
    sides = [30, 14, 7, 5, 3]
    maps = maps_of(encoder, *(f"map{side}" for side in sides))
    assert [m.shape[1] for m in maps.outputs] == sides
    assert encoder.output_shape == (None, 8)


@pytest.mark.parametrize("name, reach", [("map7", 2), ("map5", 4), ("map3", 6)])
def test_a_place_sees_its_own_square_alone(name, reach):
    keras.utils.set_random_seed(0)
    maps = maps_of(multiscale_cnn((8, 8, 1), **SMALL, depth=2), name)
    x = np.random.default_rng(0).random((1, 8, 8, 1)).astype("float32")
    changed = x.copy()
    changed[:, 0, 0] += 1.0
    moved = np.abs(maps(changed) - maps(x)).max(axis=(0, 3)) > 1e-7
    assert moved[0, 0] and moved.sum() == 1  # the corner is in one square alone
    changed = x.copy()
    changed[:, reach:] = 9.0
    same = np.array(maps(changed))[:, 0] == np.array(maps(x))[:, 0]
    assert same.all()


def test_depth_and_widths():
    encoder = multiscale_cnn((8, 8, 1), **SMALL, depth=2)
    names = [layer.name for layer in encoder.layers]
    assert "stage1_block2_add" in names and "stage3_block2_add" not in names
    assert "stage1_block1_shortcut_conv" in names  # from 4 to 5 channels
    assert "stage2_block1_shortcut_conv" not in names


def test_errors():
    with pytest.raises(ValueError, match="equally many"):
        multiscale_cnn((8, 8, 1), (4, 4), (2, 3, 3), (1, 1, 1))
    with pytest.raises(ValueError, match="2 or more each"):
        multiscale_cnn((8, 8, 1), (4, 4), (1, 8), (1, 1))
    with pytest.raises(ValueError, match="one place by the last.*becomes 8, 6, 4, 2"):
        multiscale_cnn((9, 9, 1), **SMALL)
    with pytest.raises(ValueError, match="must be square"):
        multiscale_cnn((8, 9, 1), **SMALL)
    with pytest.raises(ValueError, match="`depth`"):
        multiscale_cnn((8, 8, 1), **SMALL, depth=0)
