import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import ArraySource, TokenWindows, pack_documents, train_tokenizer
from kerassl.data.dataset import pretext_dataset
from kerassl.data.windows import DocumentEncoder, smallest_dtype
from kerassl.pretext import (
    MaskedTokens,
    NextToken,
    NoisyText,
    SpanCorruption,
    TokenMasking,
    Tokens,
)

TEXTS = ["the cat sat", "", "on the mat 好", "a dog and a cat", "the end"]


def windows(length=4):
    """Returns windows over 0, 1, 2 ... in three shards; documents begin in two."""
    shards = [np.arange(7), np.arange(7, 9), np.arange(9, 23)]
    documents = [np.array([0, 3]), np.array([], np.int64), np.array([1, 2, 10])]
    return TokenWindows(shards, documents, length)


def test_every_token_is_asked_for_once():
    source = windows()
    assert len(source) == 5 and source.num_tokens == 23
    found = source.fetch(np.arange(5))["token_ids"].numpy()
    np.testing.assert_array_equal(found[:, 1:].ravel(), np.arange(1, 21))
    np.testing.assert_array_equal(found[:, 0], np.arange(0, 20, 4))


def test_documents_are_counted_over_shards():
    source = windows(length=11)
    found = source.fetch([1, 0])["segment_ids"].numpy()
    # The documents begin at 0, 3, 10, 11 and 19.
    assert found[1].tolist() == [0] * 3 + [1] * 7 + [2] + [3]
    assert found[0].tolist() == [0] * 8 + [1] * 4
    assert source.num_documents == 5


def test_fetch_in_a_graph_has_static_shapes():
    source = windows()
    dataset = tf.data.Dataset.range(4).batch(2, drop_remainder=True).map(source.fetch)
    assert dataset.element_spec["token_ids"] == tf.TensorSpec((2, 5), tf.int32)
    assert dataset.element_spec["segment_ids"] == tf.TensorSpec((2, 5), tf.int32)
    parts = [batch["token_ids"].numpy() for batch in dataset]
    np.testing.assert_array_equal(
        np.concatenate(parts), source.fetch(np.arange(4))["token_ids"]
    )


@pytest.mark.parametrize("kind", ["bpe", "wordpiece", "sentencepiece"])
def test_packing_joins_the_documents_of_a_source(kind):
    size = {"bpe": 265, "wordpiece": 30, "sentencepiece": 22}[kind]
    tokenizer = train_tokenizer(TEXTS, kind, size, character_coverage=1.0)
    texts = [text for text in TEXTS if text]  # the empty one is left out
    alone = NextToken(tokenizer, 3).start(tf.constant(texts)).to_list()
    stream = [token for row in alone for token in row]
    source = pack_documents(ArraySource(TEXTS), tokenizer, 3)
    found = source.fetch(np.arange(len(source)))
    read = [*found["token_ids"].numpy()[:, :-1].ravel()]
    assert read == stream[: len(read)] and len(stream) - len(read) <= 3
    assert source.num_documents == len(texts) and source.tokenizer is tokenizer
    number = np.repeat(np.arange(len(texts)), [len(row) for row in alone])
    for row in range(len(source)):
        expected = number[3 * row : 3 * row + 4]
        np.testing.assert_array_equal(found["segment_ids"][row], expected - expected[0])


def test_a_dataset_over_texts_is_packed():
    tokenizer = train_tokenizer(TEXTS, "bpe", 265)
    pretext = NextToken(tokenizer, 5)
    source = pack_documents(ArraySource(TEXTS), tokenizer, 5)
    dataset = pretext_dataset(TEXTS, pretext, batch_size=2)
    assert dataset.steps_per_epoch == len(source) // 2
    windows = {
        tuple(row) for row in source.fetch(np.arange(len(source)))["token_ids"].numpy()
    }
    for x, y, weight in dataset.take(dataset.steps_per_epoch):
        rows = np.concatenate([x["token_ids"], y[:, -1:]], axis=1)
        assert {tuple(row) for row in rows} <= windows
        assert np.all(weight == 1)


@pytest.mark.parametrize("layer", [MaskedTokens, SpanCorruption, NoisyText])
def test_layers_that_hide_tokens_take_windows_as_the_tokens_in_them(layer):
    texts = [text.replace("好", "so") for text in TEXTS]  # for want of a font
    tokenizer = train_tokenizer(texts, vocabulary_size=30, character_coverage=1.0)
    options = {"noises": [TokenMasking(0.5)]} if layer is NoisyText else {}
    pretext, seed = layer(tokenizer, 10, **options), tf.constant([0, 1])
    source = pack_documents(ArraySource(texts), tokenizer, 10)
    windows = source.fetch(np.arange(len(source)))
    # Without the first token of the next window and the marks between documents.
    rows = windows["token_ids"].numpy()[:, :-1]
    rows = [[i for i in row if i != tokenizer.end_token_id] for row in rows]
    assert len(rows) > 1 and min(map(len, rows)) < 10
    ids = tf.ragged.constant(rows, dtype=tf.int32)
    for made, expected in (
        (pretext(windows, seed), pretext(ids, seed)),
        (pretext.prepare(windows), pretext.prepare(ids)),
    ):
        tf.nest.map_structure(np.testing.assert_array_equal, made, expected)
    batches = pretext_dataset(source, pretext, batch_size=2)
    assert None not in tf.nest.flatten(batches.element_spec)[0].shape
    assert pretext.draw(windows, seed).texts


def test_sentences_are_not_windows():
    tokenizer = train_tokenizer(TEXTS, vocabulary_size=30, character_coverage=1.0)
    source = pack_documents(ArraySource(TEXTS), tokenizer, 10)
    with pytest.raises(ValueError, match="Received windows over joined documents"):
        Tokens(tokenizer, 10).prepare(source.fetch([0]))


def test_too_little_text():
    tokenizer = train_tokenizer(TEXTS, "bpe", 265)
    with pytest.raises(ValueError, match="more than `sequence_length`, 500"):
        pack_documents(ArraySource(TEXTS), tokenizer, 500)
    with pytest.raises(ValueError, match="there are only [0-9]+ windows"):
        pretext_dataset(TEXTS, NextToken(tokenizer, 9), batch_size=8)


def test_a_tokenizer_without_an_end():
    import keras_hub

    tokenizer = keras_hub.tokenizers.WordPieceTokenizer(["[UNK]", "a", "b"])
    with pytest.raises(ValueError, match="`tokenizer` must have start, end, pad"):
        DocumentEncoder(tokenizer)


def test_the_smallest_type():
    assert smallest_dtype(1 << 16) == np.uint16
    assert smallest_dtype((1 << 16) + 1) == np.uint32
