import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext.text import NextToken
from kerassl.tokenizers import train_tokenizer

TEXTS = ["the cat sat on the mat", "a dog", "", "the dog sat on the cat, 好的"]
SEED = tf.constant([3, 4], tf.int64)


# TensorFlow forgets SentencePiece models when it is seeded, as before each test.
@pytest.fixture(params=["bpe", "wordpiece", "sentencepiece"])
def tokenizer(request):
    size = {"bpe": 275, "wordpiece": 35, "sentencepiece": 24}[request.param]
    return train_tokenizer(TEXTS * 5, request.param, size, character_coverage=1.0)


def test_rows_of_texts(tokenizer):
    x, y, weight = NextToken(tokenizer, 40)(tf.constant(TEXTS), SEED)
    shapes = {name: tuple(value.shape) for name, value in x.items()}
    assert shapes == dict.fromkeys(
        ("token_ids", "padding_mask", "segment_ids"), (4, 40)
    )
    assert y.shape == weight.shape == (4, 40)
    tokenize = tf.function(lambda texts: tokenizer(texts))
    end, pad = tokenizer.end_token_id, tokenizer.pad_token_id
    for row, text in enumerate(TEXTS):
        ids = tokenize(tf.constant([text])).to_list()[0]
        stream = [end, *ids, end]
        length = len(stream) - 1
        assert x["token_ids"][row, :length].numpy().tolist() == stream[:-1]
        assert y[row, :length].numpy().tolist() == stream[1:]
        assert set(y[row, length:].numpy()) == {pad}
        assert weight[row].numpy().tolist() == [1.0] * length + [0.0] * (40 - length)
        # The end of the text is read too where there is room for it.
        mask = x["padding_mask"][row].numpy()
        assert mask.tolist() == [1] * (length + 1) + [0] * (39 - length)


def test_a_long_text_is_read_from_everywhere(tokenizer):
    pretext = NextToken(tokenizer, 3)
    stream = pretext.start(tf.constant(TEXTS[:1])).to_list()[0]
    stream += [tokenizer.end_token_id]
    windows = {tuple(stream[i : i + 4]) for i in range(len(stream) - 3)}
    seen = set()
    for number in range(200):
        x, y, weight = pretext(tf.constant(TEXTS[:1]), tf.constant([0, number]))
        seen.add((*x["token_ids"][0].numpy(), y[0, -1].numpy()))
        assert np.all(weight == 1)
    assert seen == windows


def test_windows_are_shifted_by_one(tokenizer):
    pretext = NextToken(tokenizer, 4)
    windows = {
        "token_ids": tf.constant([[9, 8, 7, 6, 5], [1, 2, 3, 4, 5]]),
        "segment_ids": tf.constant([[0, 0, 1, 1, 1], [0, 1, 2, 3, 4]]),
    }
    x, y, weight = pretext(windows, SEED)
    assert x["token_ids"].numpy().tolist() == [[9, 8, 7, 6], [1, 2, 3, 4]]
    assert x["segment_ids"].numpy().tolist() == [[0, 0, 1, 1], [0, 1, 2, 3]]
    assert y.numpy().tolist() == [[8, 7, 6, 5], [2, 3, 4, 5]]
    assert np.all(x["padding_mask"] == 1) and np.all(weight == 1)
    with pytest.raises(ValueError, match=r"\(batch, 4\). Received shapes: \[\(2, 5\)"):
        NextToken(tokenizer, 3)(windows, SEED)


def test_the_same_in_a_dataset_and_from_the_same_seed(tokenizer):
    pretext = NextToken(tokenizer, 3)
    dataset = tf.data.Dataset.from_tensor_slices(TEXTS).batch(4, drop_remainder=True)
    mapped = next(iter(dataset.map(lambda texts: pretext(texts, SEED))))
    assert mapped[1].shape == (4, 3)
    for result in (mapped, pretext(tf.constant(TEXTS), SEED)):
        alone = pretext(tf.constant(TEXTS), SEED)
        tf.nest.map_structure(np.testing.assert_array_equal, result, alone)
    for spec in tf.nest.flatten(dataset.map(lambda t: pretext(t, SEED)).element_spec):
        assert spec.shape == (4, 3) and spec.dtype != tf.bool


def test_prepare_begins_with_the_end_of_text(tokenizer):
    x = NextToken(tokenizer, 5).prepare(tf.constant(TEXTS))
    assert set(x) == {"token_ids", "padding_mask"}
    assert np.all(x["token_ids"][:, 0] == tokenizer.end_token_id)
    assert x["padding_mask"].numpy()[2].tolist() == [1, 0, 0, 0, 0]
    assert x["token_ids"].shape == (4, 5)


def test_texts_come_back(tokenizer):
    pretext = NextToken(tokenizer, 5)
    rows = [row[1:] for row in pretext.start(tf.constant(TEXTS)).to_list()]
    assert pretext.texts_of(rows)[0] == TEXTS[0]
    assert pretext.texts_of(rows)[2] == ""


def test_config_and_figure(tokenizer):
    pretext = NextToken(tokenizer, 5, name="next")
    config = pretext.get_config()
    assert (config["sequence_length"], config["name"]) == (5, "next")
    figure = pretext.draw(tf.constant(["a $5 cat\nsat", *TEXTS[:2]]), SEED)
    assert len(figure.texts) > 10
    with pytest.raises(ValueError, match="train_tokenizer"):
        NextToken()(tf.constant(TEXTS), SEED)
    with pytest.raises(ValueError, match="`sequence_length` must be an integer >= 3"):
        NextToken(tokenizer, 2)
