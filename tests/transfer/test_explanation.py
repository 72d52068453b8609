"""Explanations of a task, with the random network as their control."""

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerassl import data, encoders, models, pretext
from kerassl.pictures import fonts_for
from kerassl.transfer import (
    agreement,
    attention_rollout,
    attention_weights,
    random_task,
)
from kerassl.transfer.explained_attention import (
    attention_between_tokens,
    attention_over_patches,
)

IMAGES = data.digits().fetch(range(3))
CHINESE = ["今天天气很好", "我们去北京看朋友", "北京的天气很好"]


def vit_task():
    encoder = keras_hub.models.ViTBackbone((8, 8, 1), (2, 2), 2, 2, 8, 16)
    return models.SimCLR(encoder, pretext.TwoViews(8, blur_rate=0.0), projection_dim=4)


def test_attention_of_the_class_token_lies_on_the_patches():
    task = vit_task()
    found = attention_over_patches(task, IMAGES, ["a", "b", "c"], seed=1)
    weights = attention_weights(task.encoder, task.pretext.prepare(IMAGES).numpy())
    figure = found.figure()
    # The image, both rollouts and two heads.
    assert len(figure.axes) == 3 * 5
    rollout = attention_rollout(weights)[:, 0, 1:].reshape(3, 4, 4)
    drawn = [figure.axes[5 * i + 1].images[1].get_array() for i in range(3)]
    np.testing.assert_allclose(drawn, rollout, rtol=1e-5)
    head = weights[1, -1, 1, 0, 1:].reshape(4, 4)
    np.testing.assert_allclose(figure.axes[9].images[1].get_array(), head, rtol=1e-5)
    control = random_task(task, IMAGES, seed=1).encoder
    other = attention_weights(control, task.pretext.prepare(IMAGES).numpy())
    other = attention_rollout(other)[:, 0, 1:].reshape(3, 4, 4)
    wanted = [agreement(a, b) for a, b in zip(rollout, other, strict=True)]
    told = [row["agreement with random network"] for row in found.rows]
    np.testing.assert_allclose(told, wanted, atol=1e-5)


def test_chinese_tokens_are_named_and_padding_is_left_out():
    words = data.train_tokenizer(CHINESE * 3, vocabulary_size=19, progress=False)
    encoder = encoders.bert(
        words.vocabulary_size(), 1, 2, 8, 16, max_sequence_length=16
    )
    task = models.MaskedLM(encoder, pretext.MaskedTokens(words, 16))
    found = attention_between_tokens(task, tf.constant(CHINESE), CHINESE)
    figure = found.figure()
    axis = figure.axes[3]  # below layer 1
    named = [label.get_text() for label in axis.get_yticklabels()]
    _, drawn = fonts_for(CHINESE)  # a font for Chinese may not be here
    assert named == ["[CLS]", *map(drawn, CHINESE[0]), "[SEP]"]
    assert axis.images[0].get_array().shape == (8, 8)


def test_a_random_task_is_another_network_that_reads_the_same():
    task = vit_task()
    one, same, other = (random_task(task, IMAGES, seed) for seed in (0, 0, 1))
    for a, b, c in zip(*(t.get_weights() for t in (one, same, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.all(a == a[..., :1]) or not np.array_equal(a, c)
    assert one.pretext is task.pretext


def test_the_control_is_not_what_the_network_began_with():
    keras.utils.set_random_seed(3)
    encoder = encoders.dense((8, 8, 1), hidden_dims=(4,))
    task = models.Autoencoder(encoder, pretext.Reconstruct())
    kernel, other = (
        each.encoder.get_weights()[0] for each in (task, random_task(task, IMAGES, 3))
    )
    assert np.abs(np.corrcoef(kernel.ravel(), other.ravel())[0, 1]) < 0.3


def test_agreement_is_of_ranks_without_signs():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 4, 4))
    assert agreement(a, -np.sign(b) * np.abs(a) ** 3) == pytest.approx(1)
    from scipy.stats import spearmanr

    wanted = spearmanr(np.abs(a).ravel(), np.abs(b).ravel()).statistic
    assert agreement(a, b) == pytest.approx(wanted)
    assert agreement(a, np.ones_like(a)) == 0


def test_an_encoder_without_patches_is_told():
    encoder = encoders.plain_cnn((8, 8, 1), widths=(8,), strides=(2,), grid=1)
    task = models.SimCLR(encoder, pretext.TwoViews(8, blur_rate=0.0))
    with pytest.raises(ValueError, match="cuts images into patches"):
        attention_over_patches(task, IMAGES, ["a", "b", "c"])
