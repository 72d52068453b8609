import keras
import pytest
from keras import layers

from kerassl.encoders import conv, dense, mirror, resnet


def test_dense_widths_in_reverse_and_no_last_activation():
    decoder = mirror(dense(784))
    assert [layer.units for layer in decoder.layers[1:]] == [128, 256, 784]
    assert [layer.activation.__name__ for layer in decoder.layers[1:]] == [
        "relu",
        "relu",
        "linear",
    ]


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 20, 3), (7, 9, 1)])
def test_images_come_back_in_their_shape(shape):
    for encoder in (dense(shape, (6, 4)), conv(shape, (3, 5), 4)):
        decoder = mirror(encoder)
        assert decoder.input_shape == encoder.output_shape
        assert decoder.output_shape == encoder.input_shape


def test_last_convolution_has_no_activation():
    decoder = mirror(conv((8, 8, 1), (3, 5), 4))
    last = [x for x in decoder.layers if isinstance(x, layers.Conv2DTranspose)]
    assert [x.activation.__name__ for x in last] == ["relu", "linear"]


def test_pixels_that_a_stride_left_out_come_back():
    encoder = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3, 2)])
    assert mirror(encoder).output_shape == (None, 8, 8, 1)


def test_has_the_policy_of_the_encoder():
    decoder = mirror(dense(8, (4,), dtype="mixed_bfloat16"))
    assert decoder.layers[-1].compute_dtype == "bfloat16"


def test_names_do_not_depend_on_what_was_made_before():
    names = [[layer.name for layer in mirror(conv((7, 7, 1))).layers] for _ in "ab"]
    assert names[0] == names[1]


def test_branches_are_refused():
    with pytest.raises(ValueError, match="plain chain.*Pass a decoder"):
        mirror(resnet((8, 8, 1), (1,), (4,)))
    inputs = keras.Input((4,))
    branch = layers.Dense(4)(layers.Dense(4)(inputs))
    model = keras.Model(inputs, layers.Add()([inputs, branch]))
    with pytest.raises(ValueError, match="plain chain.*Add"):
        mirror(model)
    with pytest.raises(ValueError, match="known shapes"):
        mirror(conv_of_any_size())


def conv_of_any_size():
    return keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(2, 3)])
