import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext.text import (
    SentencePermutation,
    TokenDeletion,
    TokenMasking,
    TokenReplacement,
)
from kerassl.pretext.text.token_noise import Vocabulary
from kerassl.tokenizers import train_tokenizer

PAD, UNK, START, END, MASK, STOP = range(6)
WORDS = np.arange(5, 1000, dtype=np.int32)
VOCABULARY = Vocabulary(PAD, MASK, WORDS, np.array([STOP], np.int32))
SEED = tf.constant([3, 4], tf.int64)
NOISES = [TokenMasking, TokenDeletion, TokenReplacement, SentencePermutation]


def texts(rows=300, longest=40):
    """Returns (token_ids, lengths): rows of all lengths, without full stops."""
    random = np.random.default_rng(0)
    ids = random.integers(STOP + 1, 1000, (rows, longest)).astype("int32")
    lengths = (np.arange(rows) % (longest + 1))[:, None].astype("int32")
    return np.where(np.arange(longest) < lengths, ids, PAD), lengths


def sentences(token_ids, length):
    """Returns the sentences of a row as tuples."""
    found = [()]
    for token in token_ids[:length]:
        found[-1] += (int(token),)
        if token == STOP:
            found.append(())
    return [sentence for sentence in found if sentence]


def apply(noise, token_ids, lengths, seed=SEED):
    made = noise(tf.constant(token_ids), tf.constant(lengths), seed, VOCABULARY)
    return [tensor.numpy() for tensor in made]


@pytest.mark.parametrize("noise", NOISES)
def test_a_rate_of_0_changes_nothing(noise):
    ids, lengths = texts()
    ids[:, ::5] = np.where(ids[:, ::5] != PAD, STOP, PAD)
    noisy, left = apply(noise(rate=0.0), ids, lengths)
    np.testing.assert_array_equal(noisy, ids)
    np.testing.assert_array_equal(left, lengths)


@pytest.mark.parametrize("noise", NOISES)
def test_padding_and_the_seed(noise):
    ids, lengths = texts()
    ids[:, ::5] = np.where(ids[:, ::5] != PAD, STOP, PAD)
    noisy, left = apply(noise(rate=0.5), ids, lengths)
    assert noisy.dtype == left.dtype == np.int32 and noisy.shape == ids.shape
    np.testing.assert_array_equal(noisy != PAD, np.arange(40) < left)
    again, _ = apply(noise(rate=0.5), ids, lengths)
    np.testing.assert_array_equal(again, noisy)
    other, _ = apply(noise(rate=0.5), ids, lengths, SEED + 1)
    assert (other != noisy).any(1).mean() > 0.5


def test_masking():
    ids, lengths = texts()
    noisy, _ = apply(TokenMasking(1.0), ids, lengths)
    np.testing.assert_array_equal(noisy, np.where(ids != PAD, MASK, PAD))
    noisy, _ = apply(TokenMasking(0.3), ids, lengths)
    assert (noisy[ids != PAD] == MASK).mean() == pytest.approx(0.3, abs=0.02)
    kept = noisy != MASK
    np.testing.assert_array_equal(noisy[kept], ids[kept])


def test_deletion():
    ids, lengths = texts()
    noisy, left = apply(TokenDeletion(1.0), ids, lengths)
    assert not noisy.any() and not left.any()
    noisy, left = apply(TokenDeletion(0.3), ids, lengths)
    assert 1 - left.sum() / lengths.sum() == pytest.approx(0.3, abs=0.02)
    for before, after, count in zip(ids, noisy, left[:, 0], strict=True):
        rest = iter(before.tolist())  # what is left stands in the same order
        assert all(token in rest for token in after[:count].tolist())


def test_replacement():
    ids, lengths = texts()
    noisy, _ = apply(TokenReplacement(1.0), ids, lengths)
    drawn = noisy[ids != PAD]
    assert set(drawn) <= set(WORDS) and len(set(drawn)) > 900
    assert (drawn == ids[ids != PAD]).mean() < 0.01
    noisy, _ = apply(TokenReplacement(0.3), ids, lengths)
    assert (noisy != ids)[ids != PAD].mean() == pytest.approx(0.3, abs=0.02)


def test_permutation():
    """Sentences of 1 to 5 tokens, the last without a full stop."""
    ids, lengths = texts()
    ends = np.random.default_rng(1).random(ids.shape) < 0.3
    ids = np.where(ends & (ids != PAD), STOP, ids)
    # The tail of a text is a sentence too, so only rows that end with a full
    # stop keep their sentences apart for sure.
    ids[np.arange(300), lengths[:, 0] - 1] = np.where(lengths[:, 0] > 0, STOP, PAD)
    noisy, left = apply(SentencePermutation(), ids, lengths)
    np.testing.assert_array_equal(left, lengths)
    moved = 0
    for before, after, count in zip(ids, noisy, lengths[:, 0], strict=True):
        old, new = sentences(before, count), sentences(after, count)
        assert sorted(old) == sorted(new)
        moved += old != new
    assert moved > 200
    noisy, _ = apply(SentencePermutation(0.5), ids[200:], lengths[200:])
    assert 0.3 < (noisy != ids[200:]).any(1).mean() < 0.6


def test_every_order_of_sentences_is_equally_likely():
    row = [6, STOP, 7, 7, STOP, 8]
    noisy, _ = apply(SentencePermutation(), [row] * 6000, [[6]] * 6000)
    orders, counts = np.unique(noisy, axis=0, return_counts=True)
    assert len(orders) == 6
    assert np.sum((counts - 1000) ** 2 / 1000) < 20.5  # chi2, 5, p 0.001


def test_what_it_knows_of_a_tokenizer():
    corpus = ["The cat sat. Why? A dog!", "no, the cat did not..."]
    for kind, size in (("wordpiece", 40), ("sentencepiece", 25)):
        tokenizer = train_tokenizer(corpus, kind, size)
        special = {"pad": tokenizer.pad_token_id, "unknown": UNK}
        vocabulary = Vocabulary.of(tokenizer, special)
        assert vocabulary.ordinary.tolist() == [*range(5, size)]
        ends = {tokenizer.id_to_token(int(i))[-1] for i in vocabulary.ends}
        assert ends == {".", "?", "!"}


@pytest.mark.parametrize("noise", NOISES)
def test_config(noise):
    config = keras.saving.serialize_keras_object(noise(rate=0.25))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is noise and again.rate == 0.25
    with pytest.raises(ValueError, match="`rate` must be in"):
        noise(rate=1.1)


def test_masking_needs_a_mask_token():
    without = VOCABULARY._replace(mask=None)
    with pytest.raises(ValueError, match="mask token"):
        TokenMasking()(tf.constant([[7]]), tf.constant([[1]]), SEED, without)
