import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext.text import MaskedTokens
from kerassl.tokenizers import train_tokenizer

PAD, UNK, START, END, MASK = range(5)
TEXTS = ["the cat sat on the mat", "a dog", "", "☃", "the dog sat on a cat " * 9]
SEED = tf.constant([3, 4], tf.int64)


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
    return MaskedTokens(tokenizer, **arguments)


def many_ids(rows=400, length=126):
    random = np.random.default_rng(0)
    return tf.constant(random.integers(5, 1005, (rows, length)), tf.int32)


def test_the_layout_of_a_row(tokenizer):
    layer = MaskedTokens(tokenizer, sequence_length=16)
    x = numpy_of(layer.prepare(tf.constant(TEXTS)))
    length = 1 + 6 + 1
    assert x["token_ids"].shape == (5, 16)
    row = x["token_ids"][0]
    assert row[0] == START and row[length - 1] == END and not row[length:].any()
    words = [tokenizer.id_to_token(int(i)) for i in row[1 : length - 1]]
    assert words == TEXTS[0].split()
    assert x["padding_mask"].sum(1).tolist() == [length, 4, 2, 3, 16]
    assert x["token_ids"][2][:3].tolist() == [START, END, PAD]
    assert x["token_ids"][3][:4].tolist() == [START, UNK, END, PAD]
    assert x["token_ids"][4, -1] == END
    assert not x["segment_ids"].any()


def test_slots_hold_the_original_tokens(tokenizer):
    layer = MaskedTokens(tokenizer, sequence_length=16, mask_rate=0.5)
    clean = layer.prepare(tf.constant(TEXTS[:4]))["token_ids"].numpy()
    x, y, weight = numpy_of(layer(tf.constant(TEXTS[:4]), SEED))
    for row in range(4):
        used = weight[row] > 0
        positions = x["mask_positions"][row][used]
        assert len(set(positions)) == len(positions)
        np.testing.assert_array_equal(clean[row, positions], y[row][used])
        assert (clean[row, positions] > MASK).all()
        assert not y[row][~used].any() and not x["mask_positions"][row][~used].any()
        untouched = np.setdiff1d(np.arange(16), positions)
        np.testing.assert_array_equal(
            x["token_ids"][row, untouched], clean[row, untouched]
        )
    # An empty text and one of unknown tokens alone have nothing to ask for.
    assert weight.sum(1).tolist()[2:] == [0, 0]


def test_a_short_row_has_a_mask_for_every_seed(tokenizer):
    layer = MaskedTokens(tokenizer, sequence_length=16, mask_rate=0.01)
    for seed in range(20):
        _, _, weight = layer(tf.constant(TEXTS[:2]), tf.constant([0, seed]))
        assert weight.numpy().sum(1).tolist() == [1, 1]


def test_rates():
    layer = ids_layer(sequence_length=128)
    ids = many_ids()
    x, y, weight = numpy_of(layer(ids, SEED))
    used = weight > 0
    assert used.sum() / ids.shape.num_elements() == pytest.approx(0.15, abs=0.002)
    shown = np.take_along_axis(x["token_ids"], x["mask_positions"], 1)[used]
    masked, kept = shown == MASK, shown == y[used]
    assert masked.mean() == pytest.approx(0.8, abs=0.015)
    assert kept.mean() == pytest.approx(0.1, abs=0.012)
    replaced = shown[~masked & ~kept]
    assert replaced.min() > MASK and replaced.max() < 1005
    assert len(np.unique(replaced)) > 400
    # Every position is as likely as another.
    counts = np.bincount(x["mask_positions"][used], minlength=128)[1:127]
    assert counts.std() / np.sqrt(counts.mean()) < 1.5


def test_short_rows_keep_the_rate_too():
    ids = many_ids(rows=2000, length=10)
    _, _, weight = ids_layer(sequence_length=128)(ids, SEED)
    assert weight.numpy().sum() / 20000 == pytest.approx(0.15, abs=0.005)


@pytest.mark.parametrize("mask, random", [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_certain_outcomes(mask, random):
    layer = ids_layer(
        sequence_length=32,
        mask_rate=1.0,
        mask_token_rate=mask,
        random_token_rate=random,
    )
    ids = many_ids(20, 30)
    x, y, weight = numpy_of(layer(ids, SEED))
    assert weight.all() and y.shape == (20, 30)
    order = np.argsort(x["mask_positions"])
    np.testing.assert_array_equal(np.take_along_axis(y, order, 1), ids)
    shown = x["token_ids"][:, 1:-1]
    if mask:
        assert (shown == MASK).all()
    else:
        assert (shown > MASK).all()
        assert (shown == ids).numpy().mean() == pytest.approx(1 - random, abs=0.01)


def test_the_same_seed_gives_the_same_masks_and_another_others():
    layer, ids = ids_layer(sequence_length=64), many_ids(16, 62)
    first, again = numpy_of(layer(ids, SEED)), numpy_of(layer(ids, SEED))
    keras.tree.map_structure(np.testing.assert_array_equal, first, again)
    other = numpy_of(layer(ids, SEED + 1))
    assert (first[0]["mask_positions"] != other[0]["mask_positions"]).mean() > 0.5


def test_eager_equals_dataset_map(tokenizer):
    layer = MaskedTokens(tokenizer, sequence_length=16)
    eager = numpy_of(layer(tf.constant(TEXTS), SEED))
    dataset = tf.data.Dataset.from_tensors(TEXTS).map(lambda t: layer(t, SEED))
    mapped = numpy_of(next(iter(dataset)))
    keras.tree.map_structure(np.testing.assert_array_equal, eager, mapped)


def test_static_shapes(tokenizer):
    layer = MaskedTokens(tokenizer, sequence_length=16, mask_slots=2)
    texts = tf.data.Dataset.from_tensor_slices(TEXTS)
    for drop, batch in ((True, 2), (False, None)):
        spec = texts.batch(2, drop_remainder=drop).map(lambda t: layer(t, SEED))
        x, y, weight = spec.element_spec
        assert {x[k].shape.as_list()[1] for k in x if k != "mask_positions"} == {16}
        assert x["mask_positions"].shape.as_list() == [batch, 2]
        assert y.shape.as_list() == weight.shape.as_list() == [batch, 2]
        assert {s.dtype for s in [*x.values(), y]} == {tf.int32}
        assert {s.shape.as_list()[0] for s in x.values()} == {batch}


def test_token_ids_equal_their_text(tokenizer):
    layer = MaskedTokens(tokenizer, sequence_length=16)
    expected = numpy_of(layer(tf.constant(TEXTS), SEED))
    ragged = tf.function(lambda texts: tokenizer(texts))(tf.constant(TEXTS))
    packed = layer.prepare(tf.constant(TEXTS[:3]))["token_ids"]
    for ids in (ragged, ragged.to_tensor()):
        x = numpy_of(layer(ids, SEED))
        keras.tree.map_structure(np.testing.assert_array_equal, expected, x)
    # Ids that have their start and end tokens already do not get them twice.
    np.testing.assert_array_equal(layer.prepare(packed)["token_ids"], packed)


def test_all_of_a_long_document_is_seen():
    layer, ids = ids_layer(sequence_length=12), tf.range(5, 105)[None]
    x, y, weight = numpy_of(layer(tf.tile(ids, [1000, 1]), SEED))
    np.put_along_axis(
        x["token_ids"], x["mask_positions"], np.where(weight, y, START), 1
    )
    body = x["token_ids"][:, 1:-1]
    np.testing.assert_array_equal(body, body[:, :1] + np.arange(10))  # in one piece
    assert set(body.ravel()) == set(range(5, 105))
    clean = layer.prepare(ids)["token_ids"].numpy()[0]
    np.testing.assert_array_equal(clean[1:-1], np.arange(5, 15))


def test_fewer_slots_than_the_rate_asks_for():
    _, _, weight = ids_layer(sequence_length=64, mask_slots=3)(many_ids(9, 62), SEED)
    assert weight.shape == (9, 3) and weight.numpy().all()


def test_other_kinds_of_tokenizers():
    spm = train_tokenizer(TEXTS, "sentencepiece", 20)
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4}
    vocabulary |= {"a": 5, "Ġa": 6, "b": 7, "Ġb": 8, "Ġ": 9}
    roberta = keras_hub.tokenizers.RobertaTokenizer(vocabulary, ["Ġ a", "Ġ b"])
    for tokenizer, texts in ((spm, TEXTS), (roberta, ["a a b a b b"])):
        layer = MaskedTokens(tokenizer, sequence_length=12, mask_rate=0.5)
        x, y, weight = numpy_of(layer(tf.constant(texts), SEED))
        assert x["token_ids"][0, 0] == tokenizer.start_token_id
        special = set(tokenizer.special_token_ids)
        assert not special & set(y[weight > 0].tolist())


def test_unicode_spaces_separate_words():
    tokenizer = train_tokenizer(["100 km"], vocabulary_size=14)
    layer = MaskedTokens(tokenizer, sequence_length=16)
    plain, wide = layer.prepare(tf.constant(["100 km", "100\u00a0km"]))["token_ids"]
    np.testing.assert_array_equal(plain, wide)


def test_config_and_the_tokenizer_inside_a_saved_model(tokenizer, tmp_path):
    layer = MaskedTokens(tokenizer, sequence_length=16, mask_slots=2)
    assert not [v for v in layer.get_config()["tokenizer"]["config"] if v == "the"]

    @keras.saving.register_keras_serializable(package="kerassl_tests")
    class Holder(keras.Model):
        def __init__(self, pretext, **kwargs):
            super().__init__(**kwargs)
            self.pretext = pretext
            self.built = True

        def get_config(self):
            pretext = keras.saving.serialize_keras_object(self.pretext)
            return {**super().get_config(), "pretext": pretext}

        @classmethod
        def from_config(cls, config):
            config["pretext"] = keras.saving.deserialize_keras_object(config["pretext"])
            return cls(**config)

    Holder(layer).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").pretext
    expected = numpy_of(layer(tf.constant(TEXTS), SEED))
    received = numpy_of(loaded(tf.constant(TEXTS), SEED))
    keras.tree.map_structure(np.testing.assert_array_equal, expected, received)


def test_draw_and_text(tokenizer, tmp_path):
    layer = MaskedTokens(tokenizer, sequence_length=16, mask_rate=0.6)
    figure = layer.draw(tf.constant(TEXTS), SEED)
    shown = [text.get_text() for text in figure.texts]
    assert "[MASK]" in shown and "[CLS]" in shown
    figure.savefig(tmp_path / "masks.png")
    markup = layer.to_text(tf.constant(TEXTS[:2]), SEED)
    assert "[MASK]" in markup and markup.count("\n\n") == 1


def test_without_a_tokenizer():
    with pytest.raises(ValueError, match="train_tokenizer"):
        MaskedTokens()(tf.constant(TEXTS), SEED)
    with pytest.raises(ValueError, match="without: start, end, pad, mask"):
        words = keras_hub.tokenizers.WordPieceTokenizer(["[UNK]", "a"])
        MaskedTokens(words)(tf.constant(TEXTS), SEED)


@pytest.mark.parametrize(
    "arguments, name",
    [
        ({"sequence_length": 2}, "sequence_length"),
        ({"mask_rate": 0.0}, "mask_rate"),
        ({"mask_rate": 1.5}, "mask_rate"),
        ({"mask_token_rate": 0.95}, "mask_token_rate"),
        ({"random_token_rate": -0.1}, "random_token_rate"),
        ({"mask_slots": 0}, "mask_slots"),
        ({"mask_slots": 127}, "mask_slots"),
        ({"span_shares": []}, "span_shares"),
        ({"span_shares": [0, 0.0]}, "span_shares"),
        ({"span_shares": [1, -1]}, "span_shares"),
        ({"span_shares": [1] * 65}, "span_shares"),
    ],
)
def test_wrong_arguments(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        MaskedTokens(**arguments)


@pytest.mark.parametrize("inputs", [[["a"]], [1.0], [1, 2]])
def test_wrong_inputs(tokenizer, inputs):
    with pytest.raises(ValueError, match="`inputs`"):
        MaskedTokens(tokenizer)(tf.constant(inputs), SEED)


@pytest.mark.parametrize(
    "arguments, name",
    [
        ({"whole_words": 1}, "whole_words"),
        ({"span_shares": "0.8"}, "span_shares"),
        ({"span_shares": [None]}, "span_shares"),
    ],
)
def test_arguments_of_another_kind(arguments, name):
    with pytest.raises(TypeError, match=f"`{name}`"):
        MaskedTokens(**arguments)
