import math

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


def bucket(distance, both_ways):
    """The number of a key's relative position, as section 2.1 of T5 has it.

    Half of the buckets are for one distance each, the others grow up to 128.
    """
    count = 16 if both_ways else 32
    first = count if both_ways and distance > 0 else 0
    distance = abs(distance) if both_ways else max(0, -distance)
    exact = count // 2
    if distance < exact:
        return first + distance
    share = math.log(distance / exact) / math.log(128 / exact)
    return first + min(count - 1, exact + math.floor(share * (count - exact) + 1e-6))


def normed(x, norm):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * norm.weight.numpy()


def attended(x, memory, layer, bias):
    """One row's attention: no scaling of the scores, no bias in projections."""

    def heads(values, projector):
        values = values @ projector.kernel.numpy()
        return values.reshape(len(values), layer.num_heads, -1).transpose(1, 0, 2)

    query = heads(x, layer.query_projector)
    key = heads(memory, layer.key_projector)
    scores = query @ key.transpose(0, 2, 1) + bias
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed = (weights @ heads(memory, layer.value_projector)).transpose(1, 0, 2)
    return mixed.reshape(len(x), -1) @ layer.output_projector.kernel.numpy()


def stack_in_numpy(token_ids, table, layers, last_norm, memory=None):
    """The outputs of an encoder, or of a decoder that reads `memory`."""
    x = table[token_ids].astype("float64")
    places = range(len(x))
    biases = layers[0].self_attention.relative_attention_bias.numpy()
    bias = np.array(
        [[biases[bucket(k - q, memory is None)] for k in places] for q in places]
    ).transpose(2, 0, 1)  # (heads, query, key)
    if memory is not None:
        bias = np.where(np.tri(len(x)), bias, -np.inf)
    for layer in layers:
        states = normed(x, layer.self_attention_layer_norm)
        x = x + attended(states, states, layer.self_attention, bias)
        if memory is not None:
            states = normed(x, layer.cross_attention_layer_norm)
            x = x + attended(states, memory, layer.cross_attention, 0.0)
        states = normed(x, layer.layer_norm)
        states = np.maximum(states @ layer.input_projector.kernel.numpy(), 0.0)
        x = x + states @ layer.output_projector.kernel.numpy()
    return normed(x, last_norm)


def test_outputs_are_those_of_the_formulas():
    """Of the paper, in NumPy, in float64, row by row without padding."""
    backbone = t5(50, **SIZES)
    random = np.random.default_rng(1)
    for variable in backbone.variables:
        center = 1.0 if len(variable.shape) == 1 else 0.0
        variable.assign(center + 0.3 * random.standard_normal(variable.shape))
    sizes = {"encoder": [150, 100, 5], "decoder": [40, 10, 3]}
    x = {}
    for part, lengths in sizes.items():
        mask = np.arange(lengths[0]) < np.array(lengths)[:, None]
        x[f"{part}_token_ids"] = random.integers(1, 50, mask.shape) * mask
        x[f"{part}_padding_mask"] = mask.astype("int32")
    outputs = {name: np.asarray(value) for name, value in backbone(x).items()}
    table = backbone.token_embedding.embeddings.numpy()
    for row, (shown, asked) in enumerate(zip(*sizes.values(), strict=True)):
        encoded = stack_in_numpy(
            x["encoder_token_ids"][row, :shown],
            table,
            backbone.encoder_transformer_layers,
            backbone.encoder_layer_norm,
        )
        decoded = stack_in_numpy(
            x["decoder_token_ids"][row, :asked],
            table,
            backbone.decoder_transformer_layers,
            backbone.decoder_layer_norm,
            encoded,
        )
        made = outputs["encoder_sequence_output"][row, :shown]
        np.testing.assert_allclose(made, encoded, rtol=1e-4, atol=1e-4)
        made = outputs["decoder_sequence_output"][row, :asked]
        np.testing.assert_allclose(made, decoded, rtol=1e-4, atol=1e-4)


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
