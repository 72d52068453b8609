import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext.text import (
    NoisyText,
    SentencePermutation,
    SpanCorruption,
    TokenDeletion,
    TokenMasking,
    TokenReplacement,
)
from kerassl.tokenizers import train_tokenizer

PAD, UNK, START, END, MASK = range(5)
TEXTS = ["the cat sat. on the mat", "a dog", "", "☃", "the dog sat. on a cat " * 9]
SEED = tf.constant([3, 4], tf.int64)
ALL = [SentencePermutation(), TokenDeletion(0.3), TokenMasking(0.3), TokenReplacement()]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS[:2], vocabulary_size=32)


def numpy_of(structure):
    return keras.tree.map_structure(lambda tensor: tensor.numpy(), structure)


def test_the_answer_is_the_whole_text(tokenizer):
    layer = NoisyText(tokenizer, 16, ALL)
    x, y, weight = numpy_of(layer(tf.constant(TEXTS[:4]), SEED))
    clean = numpy_of(layer.prepare(tf.constant(TEXTS[:4])))
    np.testing.assert_array_equal(y, clean["token_ids"])
    np.testing.assert_array_equal(weight, clean["padding_mask"])
    np.testing.assert_array_equal(x["decoder_padding_mask"], weight)
    np.testing.assert_array_equal(x["decoder_token_ids"][:, 0], PAD)
    np.testing.assert_array_equal(x["decoder_token_ids"][:, 1:], y[:, :-1])
    shown, mask = x["encoder_token_ids"], x["encoder_padding_mask"]
    np.testing.assert_array_equal(mask, shown != PAD)
    assert (shown[range(4), mask.sum(1) - 1] == END).all()
    assert (shown == END).sum(1).tolist() == [1] * 4
    for text, row in zip(layer.recover(x, y), y, strict=True):
        assert [*text, END] == row[row != PAD].tolist()


def test_noises_are_applied_in_their_order(tokenizer):
    texts = tf.constant(TEXTS[:2])
    both = [TokenMasking(1.0), TokenReplacement(1.0)]
    x, _, _ = numpy_of(NoisyText(tokenizer, 16, both)(texts, SEED))
    assert MASK not in x["encoder_token_ids"]
    x, _, _ = numpy_of(NoisyText(tokenizer, 16, both[::-1])(texts, SEED))
    assert set(x["encoder_token_ids"].ravel().tolist()) == {MASK, END, PAD}


def test_two_noises_of_a_kind_draw_apart(tokenizer):
    ids = tf.constant(np.random.default_rng(0).integers(5, 32, (300, 60)), tf.int32)
    layer = NoisyText(tokenizer, 64, [TokenMasking(0.5), TokenMasking(0.5)])
    x, _, _ = numpy_of(layer(ids, SEED))
    share = (x["encoder_token_ids"] == MASK).sum() / ids.shape.num_elements()
    assert share == pytest.approx(0.75, abs=0.02)


def test_eager_equals_dataset_map(tokenizer):
    layer = NoisyText(tokenizer, 16, ALL)
    eager = numpy_of(layer(tf.constant(TEXTS), SEED))
    dataset = tf.data.Dataset.from_tensors(TEXTS).map(lambda t: layer(t, SEED))
    mapped = numpy_of(next(iter(dataset)))
    keras.tree.map_structure(np.testing.assert_array_equal, eager, mapped)
    other = numpy_of(layer(tf.constant(TEXTS), SEED + 1))
    assert (eager[0]["encoder_token_ids"] != other[0]["encoder_token_ids"]).any()


def test_static_shapes(tokenizer):
    layer = NoisyText(tokenizer, 16, ALL)
    texts = tf.data.Dataset.from_tensor_slices(TEXTS)
    for drop, batch in ((True, 2), (False, None)):
        spec = texts.batch(2, drop_remainder=drop).map(lambda t: layer(t, SEED))
        x, y, weight = spec.element_spec
        for each in (*x.values(), y, weight):
            assert each.shape.as_list() == [batch, 16]


def test_config(tokenizer):
    layer = NoisyText(tokenizer, 16, ALL)
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert again.get_config() == layer.get_config()
    assert [type(noise) for noise in again.noises] == [type(noise) for noise in ALL]


def test_draw_shows_what_is_lost(tokenizer, tmp_path):
    layer = NoisyText(tokenizer, 16, [TokenDeletion(0.5), TokenMasking(0.3)])
    figure = layer.draw(tf.constant(TEXTS[:2]), SEED)
    shown = [text.get_text() for text in figure.texts]
    assert {"[MASK]", "missing above"} < set(shown)
    figure.savefig(tmp_path / "noise.png")


@pytest.mark.parametrize("noises", [(), ["TokenMasking"], [SpanCorruption()]])
def test_wrong_noises(noises):
    with pytest.raises(ValueError, match="`noises`"):
        NoisyText(noises=noises)


def test_without_a_tokenizer():
    with pytest.raises(ValueError, match="train_tokenizer"):
        NoisyText(noises=ALL)(tf.constant(TEXTS), SEED)


def test_rows_of_bart_begin_with_the_start_token(tokenizer):
    layer = NoisyText(tokenizer, 12, [TokenMasking(0.0)], start_token=True)
    plain = NoisyText(tokenizer, 11, [TokenMasking(0.0)])
    texts = tf.constant(["the cat sat.", "", "the dog sat " * 9])
    x, y, weight = numpy_of(layer(texts, SEED))
    clean = numpy_of(layer.prepare(texts))
    start, end, pad = (
        getattr(tokenizer, f"{use}_token_id") for use in ("start", "end", "pad")
    )
    shown = x["encoder_token_ids"]
    assert shown.shape == y.shape == (3, 12) and (shown[:, 0] == start).all()
    np.testing.assert_array_equal(shown, y)  # no noise
    np.testing.assert_array_equal(y[:2], clean["token_ids"][:2])
    _, other, _ = numpy_of(plain(texts, SEED))
    np.testing.assert_array_equal(y[:, 1:], other)
    decoder = x["decoder_token_ids"]
    assert (decoder[:, 0] == end).all()
    np.testing.assert_array_equal(decoder[:, 1:], y[:, :-1])
    np.testing.assert_array_equal(weight > 0, y != pad)
    lengths = weight.sum(1).astype(int)
    assert (y[range(3), lengths - 1] == end).all() and lengths[1] == 2
    for found, row in zip(layer.recover(x, y), other, strict=True):
        assert found.tolist() == [i for i in row if i not in (end, pad)]


def test_a_layer_stored_without_the_argument_has_no_start_token(tokenizer):
    config = NoisyText(tokenizer, 12, [TokenMasking()]).get_config()
    assert config.pop("start_token") is False
    assert not NoisyText.from_config(config).start_token


@pytest.mark.parametrize(
    "arguments",
    [{"start_token": 1}, {"start_token": None}, {"start_token": "yes"}],
)
def test_wrong_start_tokens(arguments):
    with pytest.raises(ValueError, match="`start_token` must be True or False"):
        NoisyText(None, 12, [TokenMasking()], **arguments)


def test_a_row_of_bart_has_three_tokens_or_more():
    with pytest.raises(ValueError, match="`sequence_length`"):
        NoisyText(None, 2, [TokenMasking()], start_token=True)
