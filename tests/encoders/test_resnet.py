import subprocess
import sys

import keras
import numpy as np
import pytest

from kerassl.encoders.resnet import resnet


def trainable_parameters(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


# The published counts (11,689,512 and 25,557,032) less the classifiers; the
# small stem has 3x3 kernels where the large one has 7x7.
@pytest.mark.parametrize(
    "arguments, parameters",
    [
        ({"stem": "imagenet"}, 11_689_512 - 513_000),
        ({"stem": "cifar"}, 11_689_512 - 513_000 - 64 * 3 * (49 - 9)),
        (
            {"stem": "imagenet", "depths": (3, 4, 6, 3), "block": "bottleneck"},
            25_557_032 - 2_049_000,
        ),
    ],
)
def test_parameter_counts_are_the_published_ones(arguments, parameters):
    model = resnet((64, 64, 3), **arguments)
    assert trainable_parameters(model) == parameters


def test_strides_and_feature_width():
    small = resnet((32, 32, 3), depths=(1, 1), widths=(4, 8))
    assert small.get_layer("stage1_block1_add").output.shape[1:] == (32, 32, 4)
    assert small.get_layer("stage2_block1_add").output.shape[1:] == (16, 16, 8)
    large = resnet((64, 64, 3), (1, 1), (4, 8), block="bottleneck", stem="imagenet")
    assert large.get_layer("stage1_block1_add").output.shape[1:] == (16, 16, 16)
    assert large.output_shape == (None, 32)


def test_odd_sizes_and_bfloat16():
    model = resnet((9, 7, 1), (1, 1), (4, 8), dtype="mixed_bfloat16")
    features = model(np.ones((2, 9, 7, 1), "float32"))
    assert features.shape == (2, 8)
    assert keras.backend.standardize_dtype(features.dtype) == "bfloat16"


def test_saved_file_loads_in_keras_alone(tmp_path):
    model = resnet((8, 8, 1), depths=(1, 1), widths=(4, 8))
    x = np.random.default_rng(0).random((2, 8, 8, 1)).astype("float32")
    model.save(tmp_path / "encoder.keras")
    np.save(tmp_path / "x.npy", x)
    script = (
        "import keras, numpy as np, sys\n"
        "model = keras.models.load_model('encoder.keras')\n"
        "np.save('y.npy', model(np.load('x.npy')))\n"
        "assert 'kerassl' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model(x), rtol=1e-5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"block": "wide"}, "'wide'"),
        ({"stem": "none"}, "'none'"),
        ({"depths": (1, 1)}, r"depths=\(1, 1\)"),
        ({"depths": (1, 1, 0, 1)}, "positive"),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        resnet((8, 8, 3), **arguments)
