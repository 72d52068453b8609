"""Encoders that people have at hand: subclassed, unbuilt, applications, KerasHub's."""

import keras
import keras_hub
import numpy as np
import pytest
from tasks.parts.images import views

from kerassl import encoders, models, pretext
from kerassl.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1)).astype(np.uint8)


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Subclassed(keras.Model):
    """A network of one's own, without an Input."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = keras.layers.Conv2D(4, 3, strides=2)

    def call(self, images):
        return self.conv(images)  # a feature map, which is pooled


def image_tasks(encoder, layer=None):
    layer = layer or views()
    return {
        "SimCLR": lambda: models.SimCLR(encoder, layer, projection_dim=4),
        "MoCo": lambda: models.MoCo(encoder, layer, projection_dim=4, queue_size=16),
        "BYOL": lambda: models.BYOL(
            encoder, layer, total_steps=4, projection_dim=4, hidden_dim=4
        ),
        "VICReg": lambda: models.VICReg(
            encoder, layer, projection_dim=4, hidden_dims=(4,)
        ),
        "DeepCluster": lambda: models.DeepCluster(
            encoder,
            pretext.RandomView(8, jit_compile=False),
            num_examples=8,
            num_clusters=2,
        ),
    }


@pytest.mark.parametrize("name", image_tasks(None, "none"))
def test_a_subclassed_encoder_is_trained_and_saved(name, tmp_path):
    encoder = Subclassed()
    encoder(np.zeros((1, 8, 8, 1), "float32"))
    task = image_tasks(encoder)[name]()
    task.compile("adam", run_eagerly=True, jit_compile=False)
    before = encoder.conv.kernel.numpy()
    history = task.fit(IMAGES, batch_size=4, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert not np.array_equal(encoder.conv.kernel.numpy(), before)
    assert task.encoder is encoder
    task.save(tmp_path / "task.keras")
    again = keras.saving.load_model(tmp_path / "task.keras").encoder
    np.testing.assert_array_equal(again.conv.kernel, encoder.conv.kernel)


UNBUILT = {
    "subclassed": Subclassed,
    "sequential": lambda: keras.Sequential([keras.layers.Flatten()]),
}


@pytest.mark.parametrize("what", UNBUILT)
def test_an_unbuilt_encoder_is_told_how_to_be_built(what):
    with pytest.raises(UserError, match=r"write encoder\(np.zeros") as raised:
        models.SimCLR(UNBUILT[what](), views())
    assert "\n" not in str(raised.value)


def test_a_map_of_features_is_pooled_and_a_dict_told():
    inputs = keras.Input((8, 8, 1))
    states = keras.layers.Conv2D(4, 3)(inputs)
    several = keras.Model(inputs, {"low": inputs, "high": states})
    with pytest.raises(UserError, match=r"keras.Model\(encoder.input, encoder.output"):
        models.SimCLR(several, views())
    task = models.SimCLR(keras.Model(inputs, states), views())
    assert task.features(np.zeros((2, 8, 8, 1), "float32")).shape == (2, 4)


def test_a_whole_classifier_is_refused():
    backbone = keras_hub.models.ResNetBackbone(
        [64],
        [3],
        [64],
        [1],
        [1],
        block_type="basic_block",
        use_pre_activation=False,
        image_shape=(16, 16, 3),
    )
    classifier = keras_hub.models.ImageClassifier(backbone, num_classes=2)
    layer = pretext.TwoViews(16, jit_compile=False)
    with pytest.raises(UserError, match="give its `.backbone`"):
        models.SimCLR(classifier, layer)
    assert models.SimCLR(classifier.backbone, layer).head is not None
    top = keras.layers.Dense(3, activation="softmax")
    with pytest.raises(UserError, match="ends in a softmax over classes"):
        models.SimCLR(keras.Sequential([keras.Input((4,)), top]))


def test_an_application_is_wrapped_or_refused():
    model = keras.applications.MobileNet(
        input_shape=(32, 32, 3), include_top=False, weights=None, alpha=0.25
    )
    layer = pretext.TwoViews(32, jit_compile=False)
    with pytest.raises(UserError, match=r"expects \[-1, 1\]: give kerassl.encoders"):
        models.SimCLR(model, layer)
    models.SimCLR(encoders.from_application(model), layer)
    scaled = pretext.TwoViews(32, mean=[0.5], std=[0.5], jit_compile=False)
    models.SimCLR(model, scaled)  # made for its range
    models.SimCLR(model)  # of which nothing is known
