import io

import keras
import keras_hub
import numpy as np
import pytest
import sentencepiece
import tensorflow as tf

from kerassl.pretext.text import SpanCorruption
from kerassl.pretext.text.span_corruption import noise_counts
from kerassl.tokenizers import train_tokenizer

PAD, UNK, START, END, MASK = range(5)
TEXTS = ["the cat sat on the mat", "a dog", "", "☃", "the dog sat on a cat " * 9]
SEED = tf.constant([3, 4], tf.int64)
SIZE = 1005


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS[:2], vocabulary_size=32)


def numpy_of(structure):
    return keras.tree.map_structure(lambda tensor: tensor.numpy(), structure)


def ids_layer(**arguments):
    """A layer over a large vocabulary, to be fed token ids."""
    words = [f"w{number}" for number in range(1000)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = keras_hub.tokenizers.BertTokenizer([*special, *words])
    return SpanCorruption(tokenizer, **arguments)


def rows_of(lengths, rows=1):
    """Ragged rows of different ids, `rows` of each length."""
    return tf.ragged.constant(
        [[*range(5, 5 + length)] for length in lengths for _ in range(rows)],
        dtype=tf.int32,
    )


def hidden(shown, length):
    """Returns which of the ids 5, 6, ... are not shown."""
    return ~np.isin(np.arange(5, 5 + length), shown)


def spans_in(mask):
    return int(np.sum(mask & ~np.concatenate([[False], mask[:-1]])))


def test_the_paper_s_example():
    words = "Thank you for inviting me to your party last week .".split()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = keras_hub.tokenizers.BertTokenizer([*special, *words], lowercase=False)
    layer = SpanCorruption(tokenizer, 16, noise_density=0.3, mean_span_length=1.5)
    names = [*special, *words, *(f"<{i}>" for i in range(100))]
    x, y, _ = numpy_of(layer(tf.constant([" ".join(words)] * 300), SEED))
    shown, answers = (
        {" ".join(names[i] for i in row if i != PAD) for row in rows}
        for rows in (x["encoder_token_ids"], y)
    )
    assert "Thank you <0> me to your party <1> week . [SEP]" in shown
    assert "<0> for inviting <1> last <2> [SEP]" in answers


def test_the_decoder_reads_the_answer_shifted_by_one(tokenizer):
    layer = SpanCorruption(tokenizer, sequence_length=32, noise_density=0.5)
    x, y, weight = numpy_of(layer(tf.constant(TEXTS), SEED))
    decoder = x["decoder_token_ids"]
    np.testing.assert_array_equal(decoder[:, 0], PAD)
    np.testing.assert_array_equal(decoder[:, 1:], y[:, :-1])
    np.testing.assert_array_equal(x["decoder_padding_mask"], weight)
    np.testing.assert_array_equal(weight > 0, y != PAD)
    shown = x["encoder_token_ids"]
    np.testing.assert_array_equal(x["encoder_padding_mask"], shown != PAD)
    lengths = x["encoder_padding_mask"].sum(1)
    assert (shown[range(5), lengths - 1] == END).all()
    # An empty text and one of a single token hide nothing.
    assert lengths.tolist()[2:4] == [1, 2] and weight.sum(1).tolist()[2:4] == [2, 2]


@pytest.mark.parametrize("density, mean", [(0.15, 3.0), (0.5, 2.0), (0.3, 1.0)])
def test_counts_and_the_inverse_for_every_length(density, mean):
    layer = ids_layer(sequence_length=64, noise_density=density, mean_span_length=mean)
    ids = rows_of(range(64), rows=4)
    x, y, weight = numpy_of(layer(ids, SEED))
    for row, clean in enumerate(ids.to_list()):
        mask = hidden(x["encoder_token_ids"][row], len(clean))
        noise, spans = noise_counts(np.array(len(clean)), density, mean)
        assert mask.sum() == noise and spans_in(mask) == spans
        shown = x["encoder_token_ids"][row]
        sentinels = [*range(SIZE, SIZE + spans)]
        assert shown[shown >= SIZE].tolist() == sentinels
        assert y[row][y[row] >= SIZE].tolist() == [*sentinels, SIZE + spans]
        assert weight[row].sum() == noise + spans + 2  # the last sentinel, the end
        assert y[row][y[row] != PAD][-1] == END and (y[row] == END).sum() == 1
    for found, clean in zip(layer.recover(x, y), ids.to_list(), strict=True):
        assert found.tolist() == clean


def test_counts_against_a_plain_reckoning():
    for length in range(2, 600):
        noise = min(max(round(length * 0.15), 1), length - 1)
        expected = noise, max(round(noise / 3), 1)
        assert noise_counts(np.array(length), 0.15, 3.0) == expected


def test_the_lengths_are_the_paper_s():
    layer = ids_layer(sequence_length=569)  # 568 tokens and the end
    # 85 hidden tokens, 28 sentinels and the end, as the paper's code counts; it
    # leaves out the last sentinel, of which the paper tells.
    assert (layer.input_length, layer.target_length) == (512, 114 + 1)


@pytest.mark.parametrize("density", [0.15, 0.4, 1.0])
def test_the_lengths_are_as_short_as_can_be(density):
    layer = ids_layer(sequence_length=50, noise_density=density)
    x, y, weight = numpy_of(layer(rows_of(range(50)), SEED))
    assert x["encoder_padding_mask"].sum(1).max() == layer.input_length
    assert weight.sum(1).max() == layer.target_length == y.shape[1]


def test_certain_outcomes():
    ids = rows_of([0, 1, 7, 31])
    x, y, _ = numpy_of(ids_layer(sequence_length=32, noise_density=0.0)(ids, SEED))
    np.testing.assert_array_equal(y, [[SIZE, END]] * 4)
    clean = ids_layer(sequence_length=32).prepare(ids)
    np.testing.assert_array_equal(x["encoder_token_ids"], clean["token_ids"])
    layer = ids_layer(sequence_length=32, noise_density=1.0, mean_span_length=9.0)
    x, y, _ = numpy_of(layer(ids, SEED))
    np.testing.assert_array_equal(x["encoder_token_ids"][1:], [[SIZE, END]] * 3)
    assert y[3].tolist() == [SIZE, *range(5, 36), SIZE + 1, END]


def test_every_choice_of_spans_is_equally_likely():
    """5 tokens, 2 hidden in 2 spans: 6 choices; the last token is one in 4 of 6."""
    layer = ids_layer(sequence_length=6, noise_density=0.4, mean_span_length=1.0)
    rows = 6000
    x, _, _ = numpy_of(layer(rows_of([5], rows), SEED))
    masks = [hidden(shown, 5) for shown in x["encoder_token_ids"]]
    found, counts = np.unique(masks, axis=0, return_counts=True)
    assert len(found) == 6
    expected = rows / 6
    assert np.sum((counts - expected) ** 2 / expected) < 20.5  # chi2, 5, p 0.001


def test_short_texts_do_not_always_end_in_noise():
    layer = ids_layer(sequence_length=16)
    rows = 4000
    x, _, _ = numpy_of(layer(rows_of([6], rows), SEED))
    masks = np.array([hidden(shown, 6) for shown in x["encoder_token_ids"]])
    np.testing.assert_allclose(masks.mean(0), 1 / 6, atol=0.02)


def test_every_way_to_cut_spans_is_equally_likely():
    """4 hidden tokens in 2 spans: lengths 1 + 3, 2 + 2 and 3 + 1."""
    layer = ids_layer(sequence_length=12, noise_density=0.4, mean_span_length=2.0)
    x, y, _ = numpy_of(layer(rows_of([10], 6000), SEED))
    second = np.argmax(y == SIZE + 1, axis=1)
    shares = np.bincount(second - 1)[1:] / len(y)
    np.testing.assert_allclose(shares, [1 / 3] * 3, atol=0.025)


def test_the_same_seed_gives_the_same_spans_and_another_others():
    layer, ids = ids_layer(sequence_length=64), rows_of([60], 16)
    first, again = numpy_of(layer(ids, SEED)), numpy_of(layer(ids, SEED))
    keras.tree.map_structure(np.testing.assert_array_equal, first, again)
    other = numpy_of(layer(ids, SEED + 1))
    assert (first[1] != other[1]).mean() > 0.5
    assert len({tuple(row) for row in first[1].tolist()}) == 16  # rows differ


def test_eager_equals_dataset_map(tokenizer):
    layer = SpanCorruption(tokenizer, sequence_length=16)
    eager = numpy_of(layer(tf.constant(TEXTS), SEED))
    dataset = tf.data.Dataset.from_tensors(TEXTS).map(lambda t: layer(t, SEED))
    mapped = numpy_of(next(iter(dataset)))
    keras.tree.map_structure(np.testing.assert_array_equal, eager, mapped)


def test_static_shapes(tokenizer):
    layer = SpanCorruption(tokenizer, sequence_length=16)
    texts = tf.data.Dataset.from_tensor_slices(TEXTS)
    for drop, batch in ((True, 2), (False, None)):
        spec = texts.batch(2, drop_remainder=drop).map(lambda t: layer(t, SEED))
        x, y, weight = spec.element_spec
        for part in ("token_ids", "padding_mask"):
            assert x[f"encoder_{part}"].shape.as_list() == [batch, layer.input_length]
            assert x[f"decoder_{part}"].shape.as_list() == [batch, layer.target_length]
        assert y.shape.as_list() == weight.shape.as_list() == [batch, y.shape[1]]
        assert {s.dtype for s in [*x.values(), y]} == {tf.int32}


def test_all_of_a_long_document_is_seen():
    layer, ids = ids_layer(sequence_length=12), tf.range(5, 105)[None]
    x, y, _ = numpy_of(layer(tf.tile(ids, [1000, 1]), SEED))
    texts = np.array(layer.recover(x, y))
    np.testing.assert_array_equal(texts, texts[:, :1] + np.arange(11))  # in one piece
    assert set(texts.ravel()) == set(range(5, 105))
    clean = layer.prepare(ids)["token_ids"].numpy()[0]
    assert clean.tolist() == [*range(5, 16), END]


def test_a_wrong_answer_is_filled_in_as_far_as_it_goes():
    layer = ids_layer(sequence_length=12, noise_density=0.4, mean_span_length=2.0)
    x = {"encoder_token_ids": [[5, SIZE, 6, SIZE + 1, END, PAD]]}
    (text,) = layer.recover(x, [[9, SIZE + 1, 8, 7, END, SIZE, 9]])
    assert text.tolist() == [5, 6, 8, 7]


@pytest.mark.parametrize("density", [0.0, 0.15, 1.0])
def test_without_the_end_token_answers_are_the_same_but_for_it(density):
    options = {"sequence_length": 24, "noise_density": density}
    ids = rows_of([0, 1, 9, 23], rows=3)
    x, y, weight = numpy_of(ids_layer(**options)(ids, SEED))
    old = ids_layer(end_token=False, **options)
    old_x, old_y, old_weight = numpy_of(old(ids, SEED))
    assert old.target_length == y.shape[1] - 1
    for part in ("encoder_token_ids", "encoder_padding_mask"):
        np.testing.assert_array_equal(x[part], old_x[part])
    np.testing.assert_array_equal(np.where(y == END, PAD, y)[:, :-1], old_y)
    np.testing.assert_array_equal(weight.sum(1), old_weight.sum(1) + 1)
    found = old.recover(old_x, old_y)
    for text, clean in zip(found, ids.to_list(), strict=True):
        assert text.tolist() == clean


def test_sentencepiece_and_t5_tokenizers():
    proto = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS[:2]),
        model_writer=proto,
        vocab_size=16,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        pad_piece="<pad>",
        minloglevel=2,
    )
    t5 = keras_hub.tokenizers.T5Tokenizer(proto.getvalue())
    for tokenizer in (t5, train_tokenizer(TEXTS, "sentencepiece", 20)):
        layer = SpanCorruption(tokenizer, sequence_length=24)
        texts = tf.constant(TEXTS[:4])
        x, y, _ = layer(texts, SEED)
        clean = layer.prepare(texts)["token_ids"].numpy().tolist()
        for found, ids in zip(layer.recover(x, y), clean, strict=True):
            ids = [i for i in ids if i != tokenizer.pad_token_id]
            assert [*found, tokenizer.end_token_id] == ids
        assert layer.vocabulary_size == tokenizer.vocabulary_size() + 100


def test_sentinels_of_other_weights():
    layer = ids_layer(sequence_length=16, sentinels=range(900, 890, -1))
    x, y, _ = numpy_of(layer(tf.range(5, 19)[None], SEED))
    assert y[0, 0] == 900 and 899 in y[0] and layer.vocabulary_size == SIZE
    assert layer.recover(x, y)[0].tolist() == [*range(5, 19)]
    assert type(layer).from_config(layer.get_config()).sentinels == layer.sentinels


def test_config_and_the_tokenizer(tokenizer):
    layer = SpanCorruption(tokenizer, 16, 0.3, 2.0, sentinels=20, end_token=False)
    config = keras.saving.serialize_keras_object(layer)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == layer.get_config()


def test_draw(tokenizer, tmp_path):
    layer = SpanCorruption(tokenizer, sequence_length=16, noise_density=0.5)
    figure = layer.draw(tf.constant(TEXTS), SEED)
    shown = [text.get_text() for text in figure.texts]
    assert "<0>" in shown and "hidden span" in shown and "[SEP]" in shown
    _, y, _ = layer(tf.constant(TEXTS), SEED)
    first = [tokenizer.id_to_token(int(i)) for i in y[0] if 0 < i < 32]
    assert " ".join(first) in " ".join(shown)
    figure.savefig(tmp_path / "spans.png")


def test_without_a_tokenizer():
    with pytest.raises(ValueError, match="train_tokenizer"):
        SpanCorruption()(tf.constant(TEXTS), SEED)
    with pytest.raises(ValueError, match="train_tokenizer"):
        _ = SpanCorruption().vocabulary_size


@pytest.mark.parametrize(
    "arguments, name",
    [
        ({"sequence_length": 1}, "sequence_length"),
        ({"noise_density": -0.1}, "noise_density"),
        ({"noise_density": 1.5}, "noise_density"),
        ({"mean_span_length": 0.5}, "mean_span_length"),
        ({"sentinels": 6}, "sentinels"),
        ({"sentinels": [7] * 9}, "sentinels"),
        ({"sentinels": range(-1, 50)}, "sentinels"),
        ({"end_token": "yes"}, "end_token"),
        ({"end_token": 1}, "end_token"),
        ({"end_token": None}, "end_token"),
    ],
)
def test_wrong_arguments(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        SpanCorruption(**arguments)
