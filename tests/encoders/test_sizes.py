"""Encoders name an argument that is no size, before memory is taken."""

import pytest

from kerassl import encoders
from kerassl.errors import UserError

SHAPE = (8, 8, 1)
WRONG_SHAPES = ["abc", 8, None, (8, 8), (8, 0, 1), (8, 8.0, 1), (8, 8, True)]
WRONG_SHAPES += [(9_999_999, 8, 1), (8, 8, None)]
WRONG_WIDTHS = ["ab", 3, None, (), (4, 0), (4, 2.5), ("4",), (True,), (10**9,)]
WRONG_WIDTH = ["4", 0, None, 2.5, True, 10**9, float("nan")]


def calls():
    for shape in WRONG_SHAPES:
        yield encoders.resnet, "input_shape", {"input_shape": shape}
        yield encoders.conv, "input_shape", {"input_shape": shape}
        yield encoders.plain_cnn, "input_shape", {"input_shape": shape}
        yield encoders.vit, "input_shape", {"input_shape": shape}
        yield encoders.gated_pixel_cnn, "input_shape", {"input_shape": shape}
        yield encoders.dcgan_discriminator, "input_shape", {"input_shape": shape}
        yield encoders.dcgan_generator, "output_shape", {"output_shape": shape}
    for shape in ("abc", None, (), (0,), (8, 0, 1), True, 10**9):
        yield encoders.dense, "input_shape", {"input_shape": shape}
    for widths in WRONG_WIDTHS:
        yield encoders.resnet, "widths", {"input_shape": SHAPE, "widths": widths}
        yield encoders.resnet, "depths", {"input_shape": SHAPE, "depths": widths}
        yield encoders.conv, "widths", {"input_shape": SHAPE, "widths": widths}
        yield encoders.plain_cnn, "widths", {"input_shape": SHAPE, "widths": widths}
        yield encoders.dense, "hidden_dims", {"input_shape": 4, "hidden_dims": widths}
    for width in WRONG_WIDTH:
        yield encoders.plain_cnn, "grid", {"input_shape": SHAPE, "grid": width}
        for name in ("width", "num_layers", "kernel_size", "first_kernel_size"):
            yield encoders.gated_pixel_cnn, name, {"input_shape": SHAPE, name: width}
        yield encoders.conv, "feature_dim", {"input_shape": SHAPE, "feature_dim": width}
        yield encoders.word_vectors, "dim", {"vocabulary_size": 9, "dim": width}
        yield encoders.t5, "num_heads", {"vocabulary_size": 9, "num_heads": width}
        for name in ("patch_size", "num_layers", "num_heads", "hidden_dim"):
            yield encoders.vit, name, {"input_shape": SHAPE, name: width}
        for name in ("noise_dim", "kernel_size"):
            arguments = {"output_shape": SHAPE, name: width}
            yield encoders.dcgan_generator, name, arguments
    for activation in ("rleu", 3):
        arguments = {"input_shape": 4, "activation": activation}
        yield encoders.dense, "activation", arguments
    for dropout in (float("nan"), 1.0, "0.1"):
        yield encoders.t5, "dropout", {"vocabulary_size": 9, "dropout": dropout}


@pytest.mark.parametrize(("make", "name", "arguments"), list(calls()))
def test_the_argument_is_named(make, name, arguments):
    with pytest.raises(UserError, match=f"`{name}`") as caught:
        make(**arguments)
    assert "\n" not in str(caught.value)


def test_sides_of_a_resnet_may_be_open():
    shape = encoders.resnet((None, None, 3), depths=(1,), widths=(4,)).input_shape
    assert shape == (None, None, None, 3)
