import pytest

from kerassl.encoders import dense


def test_layers_of_the_classic_network():
    encoder = dense(784)
    assert [layer.units for layer in encoder.layers[1:]] == [256, 128, 64]
    assert encoder.input_shape == (None, 784)


def test_images_are_flattened():
    assert dense((4, 4, 2), (5,)).input_shape == (None, 4, 4, 2)


def test_dtype_reaches_every_layer():
    encoder = dense((2, 2, 1), (3,), dtype="mixed_bfloat16")
    assert {layer.compute_dtype for layer in encoder.layers[1:]} == {"bfloat16"}


def test_features_may_be_linear():
    encoder = dense(4, (3, 2), activation="tanh", linear_features=True)
    found = [layer.activation.__name__ for layer in encoder.layers[1:]]
    assert found == ["tanh", "linear"]


@pytest.mark.parametrize("hidden_dims", [(), (8, 0)])
def test_widths_are_checked(hidden_dims):
    with pytest.raises(ValueError, match="`hidden_dims`"):
        dense(4, hidden_dims)
