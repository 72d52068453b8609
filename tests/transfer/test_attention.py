"""Attention weights as a separate computation in NumPy finds them."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops

from kerassl.encoders import (
    bart_encoder,
    bert,
    conv,
    gpt2,
    open_encoder,
    t5,
    t5_encoder,
)
from kerassl.transfer import attention_rollout, attention_weights
from kerassl.transfer.attention import patch_grid

IDS = np.random.default_rng(0).integers(1, 20, (2, 5)).astype("int32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], "int32")
TOKENS = {"token_ids": IDS, "padding_mask": MASK, "segment_ids": 0 * IDS}
SIZES = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}


def known(encoder):
    return {name: TOKENS[name] for name in encoder.input}


def loud(encoder):
    """Draws all weights anew, so that no bias or scale is at rest."""
    rng = np.random.default_rng(1)
    encoder.set_weights([0.3 * rng.normal(size=w.shape) for w in encoder.get_weights()])
    return encoder


def softmax(scores):
    exp = np.exp(scores - scores.max(-1, keepdims=True))
    return exp / exp.sum(-1, keepdims=True)


def kernels(attention):
    """Returns (query kernel, its bias, key kernel, its bias) by name."""
    found = {v.path.split("/")[-2] + "/" + v.name: v for v in attention.weights}
    names = ("query/kernel", "query/bias", "key/kernel", "key/bias")
    return [ops.convert_to_numpy(found[name]) for name in names]


def by_hand(states, attention, allowed):
    """Returns the weights of one layer: states (b, t, d), allowed (b, q, k)."""
    wq, bq, wk, bk = kernels(attention)
    query = np.einsum("btd,dnh->bnth", states, wq) + bq[None, :, None]
    key = np.einsum("btd,dnh->bnth", states, wk) + bk[None, :, None]
    scores = np.einsum("bnqh,bnkh->bnqk", query, key) / np.sqrt(wq.shape[-1])
    return softmax(np.where(allowed[:, None], scores, -1e9))


def normalised(states, norm):
    scale, offset = (ops.convert_to_numpy(v) for v in (norm.gamma, norm.beta))
    mean, variance = states.mean(-1, keepdims=True), states.var(-1, keepdims=True)
    return (states - mean) / np.sqrt(variance + norm.epsilon) * scale + offset


def before_each_block(encoder, x, mask=None):
    parts = open_encoder(encoder)
    x = keras.tree.map_structure(ops.convert_to_tensor, x)
    states = parts.embed(x)
    return parts.blocks, [
        ops.convert_to_numpy(each) for each in (states, *parts.each(states, mask))
    ]


def test_bert_reads_every_token_that_is_no_padding():
    encoder = loud(bert(20, max_sequence_length=5, **SIZES))
    found = attention_weights(encoder, known(encoder))
    assert found.shape == (2, 2, 2, 5, 5) and found.dtype == np.float32
    blocks, states = before_each_block(encoder, known(encoder), MASK)
    allowed = np.repeat(MASK[:, None], 5, axis=1)
    for i, block in enumerate(blocks):
        wanted = by_hand(states[i], block._self_attention_layer, allowed)
        np.testing.assert_allclose(found[:, i], wanted, atol=1e-5)
    assert found[1, ..., 3:].max() < 1e-6
    # Nothing is left behind: the encoder runs as before.
    assert "call" not in vars(blocks[0]._self_attention_layer)


def test_gpt2_reads_no_later_token():
    encoder = loud(gpt2(20, max_sequence_length=5, **SIZES))
    found = attention_weights(encoder, known(encoder))
    blocks, states = before_each_block(encoder, known(encoder), MASK)
    allowed = np.tril(np.repeat(MASK[:, None], 5, axis=1))
    for i, block in enumerate(blocks):
        x = normalised(states[i], block._self_attention_layer_norm)
        wanted = by_hand(x, block._self_attention_layer, allowed)
        np.testing.assert_allclose(found[:, i], wanted, atol=1e-5)
    assert np.triu(found[0, 0, 0], 1).max() < 1e-6


def test_electra_and_bart_have_weights_of_their_own():
    electra = keras_hub.models.ElectraBackbone(20, 2, 2, 8, 16, 4, dropout=0.0)
    bart = loud(bart_encoder(keras_hub.models.BartBackbone(20, 2, 2, 8, 16)))
    for encoder in electra, bart:
        found = attention_weights(encoder, known(encoder))
        assert found.shape == (2, 2, 2, 5, 5)
        np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)
        assert found[1, ..., 3:].max() < 1e-6
    np.testing.assert_array_equal(
        attention_weights(bart, known(bart)), attention_weights(bart, known(bart))
    )


def test_t5_adds_the_bias_of_distances():
    backbone = t5(20, **SIZES)
    encoder = loud(t5_encoder(backbone))
    found = attention_weights(encoder, known(encoder))
    layer = backbone.encoder_transformer_layers[0]
    scale = ops.convert_to_numpy(layer.self_attention_layer_norm.weight)
    states = ops.convert_to_numpy(backbone.token_embedding.embeddings)[IDS]
    mean_square = np.mean(states**2, -1, keepdims=True)
    x = states / np.sqrt(mean_square + layer.self_attention_layer_norm.epsilon) * scale
    attention = layer.self_attention
    query, key = (
        (x @ ops.convert_to_numpy(dense.kernel)).reshape(2, 5, 2, 4)
        for dense in (attention.query_projector, attention.key_projector)
    )
    table = ops.convert_to_numpy(attention.relative_attention_bias)
    # Of 32 buckets half are for tokens that follow; distances below 8 are exact.
    distance = np.arange(5)[None] - np.arange(5)[:, None]
    bias = table[np.abs(distance) + 16 * (distance > 0)].transpose(2, 0, 1)
    scores = np.einsum("bqnd,bknd->bnqk", query, key) + bias
    wanted = softmax(np.where(MASK[:, None, None], scores, -1e9))
    np.testing.assert_allclose(found[:, 0], wanted, atol=1e-5)


def test_vit_reads_patches_and_its_class_token():
    encoder = loud(keras_hub.models.ViTBackbone((8, 8, 1), (4, 4), 2, 2, 8, 16))
    images = np.random.default_rng(2).random((2, 8, 8, 1)).astype("float32")
    found = attention_weights(encoder, images)
    assert found.shape == (2, 2, 2, 5, 5)
    blocks, states = before_each_block(encoder, images)
    for i, block in enumerate(blocks):
        x = normalised(states[i], block.layer_norm_1)
        wanted = by_hand(x, block.mha, np.ones((2, 5, 5)) > 0)
        np.testing.assert_allclose(found[:, i], wanted, atol=1e-5)
    assert patch_grid(encoder) == (2, 2, 1)


def test_layers_of_keras_alone_are_read_too():
    inputs = keras.Input((3, 4))
    attention = keras.layers.MultiHeadAttention(2, 2)
    encoder = keras.Model(inputs, attention(inputs, inputs))
    x = np.random.default_rng(3).random((1, 3, 4)).astype("float32")
    wanted = by_hand(x, attention, np.ones((1, 3, 3)) > 0)
    np.testing.assert_allclose(attention_weights(encoder, x)[:, 0], wanted, atol=1e-6)
    assert patch_grid(encoder) is None


def test_rollout_is_the_product_of_the_layers():
    weights = softmax(np.random.default_rng(4).normal(size=(2, 3, 4, 5, 5)))
    found = attention_rollout(weights)
    for example in range(2):
        wanted = np.eye(5)
        for layer in weights[example]:
            wanted = (0.5 * layer.mean(0) + 0.5 * np.eye(5)) @ wanted
        np.testing.assert_allclose(found[example], wanted, rtol=1e-5)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)
    # Of a layer that reads nothing else, all that is left is the token itself.
    alone = np.broadcast_to(np.eye(5), (1, 3, 4, 5, 5))
    np.testing.assert_array_equal(attention_rollout(alone)[0], np.eye(5))


def test_what_has_no_attention_is_told():
    with pytest.raises(ValueError, match="must have layers of self-attention"):
        attention_weights(conv((8, 8, 1)), np.zeros((1, 8, 8, 1)))
    with pytest.raises(ValueError, match="`weights` must have shape"):
        attention_rollout(np.ones((3, 4, 5)))
    with pytest.raises(ValueError, match="`residual` must be"):
        attention_rollout(np.ones((1, 1, 2, 2)), residual=1)
