import keras
import pytest

from kerassl.encoders import conv
from kerassl.encoders.mirror import mirror


def test_each_convolution_halves_the_sides():
    encoder = conv((28, 20, 3), (4, 6), feature_dim=5)
    assert encoder.get_layer("conv2").output.shape == (None, 7, 5, 6)
    assert encoder.output_shape == (None, 5)


def test_a_grid_says_what_is_where():
    encoder = conv((28, 20, 3), (4, 6), feature_dim=5, grid=True)
    assert encoder.output_shape == (None, 7, 5, 5)
    assert encoder.layers[-1].activation is keras.activations.linear
    assert mirror(encoder).output_shape == (None, 28, 20, 3)


@pytest.mark.parametrize("grid", [False, True])
def test_dtype_reaches_every_layer(grid):
    encoder = conv((4, 4, 1), (2,), 3, grid=grid, dtype="mixed_bfloat16")
    assert {layer.compute_dtype for layer in encoder.layers[1:]} == {"bfloat16"}


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="`input_shape`"):
        conv((28, 28))
    with pytest.raises(ValueError, match="`widths`"):
        conv((28, 28, 1), ())
