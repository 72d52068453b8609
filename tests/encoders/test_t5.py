import keras
import keras_hub
import numpy as np
import pytest

from kerassl.encoders import feature_model, t5, t5_encoder

SIZES = {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32}


def inputs(length=7):
    random = np.random.default_rng(0)
    mask = np.ones((3, length), "int32")
    mask[1, 4:] = 0
    ids = random.integers(1, 50, (3, length)) * mask
    return {"token_ids": ids, "padding_mask": mask}


def whole(x):
    """The inputs of a T5 whose encoder reads `x`."""
    parts = ("encoder", "decoder")
    return {f"{part}_{name}": value for part in parts for name, value in x.items()}


@pytest.fixture(scope="module")
def backbone():
    return t5(2000, **SIZES)


@pytest.fixture(scope="module")
def encoder(backbone):
    return t5_encoder(backbone)


def test_the_encoder_equals_that_of_the_backbone(backbone, encoder):
    expected = backbone(whole(inputs()))["encoder_sequence_output"]
    np.testing.assert_array_equal(encoder(inputs()), expected)


def test_weights_are_shared(backbone, encoder):
    ids = {id(v) for v in backbone.variables}
    assert {id(v) for v in encoder.variables} < ids
    names = {v.path.split("/")[0] for v in encoder.weights}
    assert not [name for name in names if "decoder" in name]


def test_padding_changes_nothing(encoder):
    x = inputs()
    short = {name: value[1:2, :4] for name, value in x.items()}
    np.testing.assert_allclose(encoder(x)[1:2, :4], encoder(short), atol=1e-5)
    features = feature_model(encoder)
    np.testing.assert_allclose(features(x)[1:2], features(short), atol=1e-5)


def test_tokens_start_apart(backbone, encoder):
    """Rows of the embedding have mean 0 and deviation 1, here and in a copy."""
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(encoder)
    )
    for table in (backbone.token_embedding, again.get_layer("token_embedding")):
        values = keras.ops.convert_to_numpy(table.embeddings)
        assert values.mean() == pytest.approx(0, abs=0.03)
        assert values.std() == pytest.approx(1, abs=0.03)


def test_the_encoder_alone_is_saved(encoder, tmp_path):
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras")
    assert type(loaded) is type(encoder)
    np.testing.assert_array_equal(loaded(inputs()), encoder(inputs()))
    config = keras.saving.serialize_keras_object(loaded)
    assert "kerassl" not in str(config)


def test_a_backbone_of_another_maker():
    """One that KerasHub makes from a configuration, as from a preset."""
    kind = keras_hub.models.T5Backbone
    config = kind(50, 1, 2, 16, 32, key_value_dim=4, activation="gelu").get_config()
    backbone = kind.from_config(config)
    expected = backbone(whole(inputs()))["encoder_sequence_output"]
    encoder = t5_encoder(backbone)
    np.testing.assert_array_equal(encoder(inputs()), expected)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(encoder)
    )
    again.set_weights(encoder.get_weights())
    np.testing.assert_array_equal(again(inputs()), expected)


def test_dtype():
    encoder = t5_encoder(t5(50, 1, 2, 16, 32, dtype="mixed_bfloat16"))
    assert encoder(inputs()).dtype == "bfloat16"
    assert {v.dtype for v in encoder.trainable_variables} == {"float32"}


def test_heads_that_do_not_fit():
    with pytest.raises(ValueError, match="multiple of `num_heads`. Received: 512 and"):
        t5(50, num_heads=7)
