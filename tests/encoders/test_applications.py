import keras
import numpy as np
import pytest

from kerassl import encoders, models, pretext
from kerassl.encoders.applications import NAMES, from_application, mode_of
from kerassl.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
PREPROCESSED = {
    "caffe": ("resnet50", keras.applications.resnet),
    "torch": ("densenet121", keras.applications.densenet),
    "tf": ("resnet50v2", keras.applications.resnet_v2),
    "raw": ("efficientnetb0", keras.applications.efficientnet),
}


@pytest.mark.parametrize("mode", NAMES)
def test_values_are_those_of_preprocess_input(mode):
    name, module = PREPROCESSED[mode]
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(
        inputs, keras.layers.Identity(name="conv1_conv")(inputs), name=name
    )
    assert mode_of(model) == mode
    expected = module.preprocess_input(IMAGES.copy())
    found = from_application(model)(IMAGES / 255)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_a_model_that_scales_for_itself_expects_bytes(tmp_path):
    model = keras.applications.MobileNetV3Small(
        input_shape=(32, 32, 3), include_top=False, weights=None, minimalistic=True
    )
    assert mode_of(model) == "raw"
    encoder = from_application(model)
    np.testing.assert_allclose(
        encoder(IMAGES / 255), model(IMAGES), rtol=1e-3, atol=1e-4
    )
    encoder.save(tmp_path / "encoder.keras")
    again = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(again(IMAGES / 255), encoder(IMAGES / 255))
    assert not any("to_its_range" in v.path for v in encoder.trainable_variables)


def test_other_models_are_refused():
    model = keras.Sequential([keras.Input((4,))], name="mine")
    with pytest.raises(UserError, match="must be one of keras.applications.*'mine'"):
        from_application(model)
    with pytest.raises(UserError, match="one of keras.applications.*'int'"):
        from_application(3)
    top = keras.layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input((4,)), top], name="vgg16")
    with pytest.raises(UserError, match="include_top=False"):
        from_application(model)


def test_an_own_network_may_have_the_name_of_one():
    own = encoders.resnet((8, 8, 3), (1,), (4,), name="resnet50")
    assert mode_of(own) is None
    models.SimCLR(own, pretext.TwoViews(8, mean=[0.5] * 3, std=[0.2] * 3))
