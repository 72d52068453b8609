"""The value that a saliency map is of, and its gradient by pixels and words."""

import os
import subprocess
import sys

import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl import data, encoders, models, pretext
from kerassl.transfer.saliency import gradient_times_input, integrated_gradients
from kerassl.transfer.saliency_target import embedding_of, saliency_target

TEXTS = ["the cat sat on the mat", "a dog ran to the cat", "the mat lay on a dog"]
IMAGES = data.digits().fetch(range(3))


@pytest.fixture(scope="module")
def tokenizer():
    return data.train_tokenizer(TEXTS * 4, vocabulary_size=40, progress=False)


def small_bert(tokenizer, **sizes):
    return encoders.bert(
        tokenizer.vocabulary_size(),
        **{"num_layers": 1, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32},
        max_sequence_length=12,
        **sizes,
    )


def values(target, x=None):
    x = target.x if x is None else x
    return ops.convert_to_numpy(target.function(ops.convert_to_tensor(x)))


def check_complete(target):
    """Checks that a map sums to the difference between the input and nothing."""
    found = integrated_gradients(target.function, target.x, steps=32)
    difference = values(target) - values(target, 0 * target.x)
    sums = found.reshape(len(found), -1).sum(1)
    largest = np.abs(difference).max()
    assert largest > 2e-3
    np.testing.assert_allclose(sums, difference, atol=0.1 * largest)


def test_an_autoencoder_is_judged_by_what_it_restores():
    encoder = encoders.dense((8, 8, 1), hidden_dims=(16,), activation="tanh")
    task = models.Autoencoder(encoder, pretext.Reconstruct())
    target = saliency_target(task, IMAGES)
    y, z = target.x, task.propagate(target.x, False).numpy()
    by_hand = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    np.testing.assert_allclose(values(target), -by_hand.mean((1, 2, 3)), rtol=1e-4)
    check_complete(target)


def test_views_are_judged_by_how_alike_they_are():
    encoder = encoders.plain_cnn((8, 8, 1), widths=(8,), strides=(2,), grid=1)
    task = models.SimCLR(encoder, pretext.TwoViews(8, blur_rate=0.0))
    target = saliency_target(task, IMAGES, seed=3)
    assert "two views" in target.told
    (made,) = task.pretext(IMAGES, seed=tf.constant([3, 0], tf.int64))
    np.testing.assert_array_equal(target.x, made["view1"])
    a, b = (task.features(made[name].numpy()) for name in ("view1", "view2"))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(values(target), (a * b).sum(1) / lengths, rtol=1e-4)


def test_a_masked_language_model_is_judged_by_its_hidden_tokens(tokenizer):
    layer = pretext.MaskedTokens(tokenizer, 12, mask_rate=0.3)
    task = models.MaskedLM(small_bert(tokenizer), layer)
    target = saliency_target(task, tf.constant(TEXTS))
    x, y, weight = layer(tf.constant(TEXTS), seed=tf.constant([0, 0], tf.int64))
    logits = task(x).numpy()
    shifted = logits - logits.max(-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    told = np.take_along_axis(logs, y.numpy()[..., None], -1)[..., 0]
    weight = weight.numpy()
    wanted = (told * weight).sum(1) / weight.sum(1)
    np.testing.assert_allclose(values(target), wanted, rtol=1e-4)
    np.testing.assert_array_equal(target.token_ids, x["token_ids"])
    np.testing.assert_array_equal(target.lengths, x["padding_mask"].numpy().sum(1))
    check_complete(target)


def test_a_causal_model_and_a_denoiser_have_losses_of_their_own(tokenizer):
    words = data.train_tokenizer(TEXTS * 4, "bpe", 270, progress=False)
    gpt = encoders.gpt2(words.vocabulary_size(), 1, 2, 16, 32, max_sequence_length=12)
    causal = models.CausalLM(gpt, pretext.NextToken(words, 12))
    spans = pretext.SpanCorruption(tokenizer, 12)
    t5 = encoders.t5(spans.vocabulary_size, 1, 2, 16, 32)
    for task in causal, models.DenoisingSeq2Seq(t5, spans):
        target = saliency_target(task, tf.constant(TEXTS))
        assert target.told == "minus the task's loss"
        found = gradient_times_input(target.function, target.x)
        assert found.shape == (*target.token_ids.shape, 16)
        assert np.abs(found).max() > 0


def test_where_examples_are_compared_a_text_is_likened_to_itself(tokenizer):
    task = models.SimCSE(small_bert(tokenizer), pretext.Tokens(tokenizer, 12))
    target = saliency_target(task, tf.constant(TEXTS))
    np.testing.assert_allclose(values(target), 1.0, atol=1e-5)
    check_complete(target)
    # Nothing of padding is read.
    found = integrated_gradients(target.function, target.x, steps=4)
    for row, length in zip(found, target.lengths, strict=True):
        assert np.abs(row[length:]).max(initial=0) == 0


def test_the_table_of_tokens_is_found():
    word_vectors = encoders.word_vectors(20, 4)
    assert embedding_of(word_vectors) is not None
    assert embedding_of(encoders.dense((8, 8, 1), hidden_dims=(4,))) is None
    roberta = keras_hub.models.RobertaBackbone(20, 1, 2, 8, 16)
    assert embedding_of(roberta) is roberta.token_embedding


# Small, since JAX compiles each operation by itself.
ON_JAX = """
import keras, numpy as np
from kerassl import data, encoders, models, pretext
from kerassl.transfer import attention_weights, integrated_gradients, saliency_target
assert keras.backend.backend() == "jax"
encoder = encoders.dense((8, 8, 1), hidden_dims=(8,), activation="tanh")
task = models.Autoencoder(encoder, pretext.Reconstruct())
target = saliency_target(task, data.digits().fetch([0, 1]))
found = integrated_gradients(target.function, target.x, steps=8).sum((1, 2, 3))
difference = target.function(target.x) - target.function(0 * target.x)
np.testing.assert_allclose(found, difference, atol=0.1 * np.abs(difference).max())
assert np.abs(found).max() > 1e-3
inputs = keras.Input((3, 4))
reader = keras.Model(inputs, keras.layers.MultiHeadAttention(2, 2)(inputs, inputs))
weights = attention_weights(reader, np.eye(3, 4, dtype="float32")[None])
np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
"""


def test_it_is_the_same_on_jax():
    run = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
