import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerassl import data
from kerassl.tokenizers import load_tokenizer, train_tokenizer
from kerassl.tokenizers.byte_pairs import BytePairEncoder, is_byte_level

ODD = [
    "a  b   c\n\n\nd \n e\t\tf 12345 678 '9 1,000.50",
    "it's IT'S don'T we'll",
    " lead",
    "trail  ",
    "x\u00a0y\u3000z\u2009q",
    "\r\n\r\nend\r\n",
    "",
    " ",
    "naïve café 你好,世界! 🙂🙂",
    "a <|endoftext|> b",
    "६ six",
]


@pytest.fixture(scope="module")
def passages():
    source = data.docs("test")
    return [text.decode() for text in source.fetch(range(800)).numpy()]


@pytest.fixture(scope="module")
def tokenizer(passages):
    return train_tokenizer([*passages[:500], *ODD], "bpe", vocabulary_size=1000)


def test_nothing_of_a_text_is_lost(tokenizer, passages):
    encoder = BytePairEncoder(tokenizer)
    texts = [*passages, *ODD]
    rows = [row.tolist() for row in encoder.encode(texts)]
    assert tokenizer.detokenize(rows) == texts
    assert max(map(max, filter(None, rows))) < 1000
    # A special token that is written out is text.
    assert all(tokenizer.end_token_id not in row for row in rows)


def test_the_ids_are_those_of_kerashub(tokenizer, passages):
    encoder = BytePairEncoder(tokenizer)
    # KerasHub takes the last two apart: one for its special token, one, a digit
    # of Devanagari, for a mark of its own.
    texts = [*passages[480:], *ODD[:-2]]
    rows = [row.tolist() for row in encoder.encode(texts)]
    in_graph = tf.function(lambda texts: tokenizer(texts))
    assert in_graph(tf.constant(texts)).to_list() == rows
    eager = [[int(i) for i in row] for row in tokenizer(texts)]
    assert np.mean([a == b for a, b in zip(eager, rows, strict=True)]) > 0.99


def test_the_same_in_a_dataset(tokenizer):
    encoder = BytePairEncoder(tokenizer)
    dataset = tf.data.Dataset.from_tensor_slices(ODD).batch(4)
    found = [row for rows in dataset.map(encoder) for row in rows.to_list()]
    assert found == [row.tolist() for row in encoder.encode(ODD)]


def test_the_vocabulary_may_come_later(tokenizer):
    empty = keras_hub.tokenizers.GPT2Tokenizer()
    encoder = BytePairEncoder(empty)
    empty.set_vocabulary_and_merges(dict(tokenizer.vocabulary), tokenizer.merges)
    expected = BytePairEncoder(tokenizer).encode(ODD[:2])
    for one, two in zip(encoder.encode(ODD[:2]), expected, strict=True):
        np.testing.assert_array_equal(one, two)


def test_which_tokenizers(tokenizer, tmp_path):
    data.save_tokenizer(tokenizer, tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert is_byte_level(tokenizer) and is_byte_level(loaded)
    assert dict(loaded.vocabulary) == dict(tokenizer.vocabulary)
    assert list(loaded.merges) == list(tokenizer.merges)
    assert not is_byte_level(None)
    assert not is_byte_level(train_tokenizer(["a b c"], vocabulary_size=8))
