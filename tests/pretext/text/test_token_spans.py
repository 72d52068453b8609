import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext.text import MaskedTokens
from kerassl.pretext.text.token_spans import choose, spans_of

START, MASK = 2, 4
SEED = tf.constant([3, 4], tf.int64)
SPAN_BERT = [0.2 * 0.8**n for n in range(10)]


def numpy_of(structure):
    return keras.tree.map_structure(lambda tensor: tensor.numpy(), structure)


def ids_layer(**arguments):
    """A layer over 500 words, of which the 250 last go on with the one before."""
    words = [f"w{number}" for number in range(250)]
    parts = [f"##w{number}" for number in range(250)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = keras_hub.tokenizers.BertTokenizer([*special, *words, *parts])
    return MaskedTokens(tokenizer, **arguments)


def many_ids(rows=300, length=126):
    return tf.constant(np.random.default_rng(0).integers(5, 505, (rows, length)))


def hidden_of(layer, ids):
    """Returns which of the ids are hidden, and what stands there."""
    x, _, weight = numpy_of(layer(ids, SEED))
    hidden = np.zeros(x["token_ids"].shape, bool)
    np.put_along_axis(hidden, x["mask_positions"], weight > 0, 1)
    # Empty slots write to the start.
    return hidden[:, 1 : 1 + ids.shape[1]], x["token_ids"][:, 1 : 1 + ids.shape[1]]


@pytest.mark.parametrize("whole_words", [False, True])
@pytest.mark.parametrize("shares", [[1.0], [0.8, 0.1, 0.1], SPAN_BERT, [0, 0, 1]])
def test_the_rate_is_exact(shares, whole_words):
    layer = ids_layer(whole_words=whole_words, span_shares=shares)
    count = hidden_of(layer, many_ids())[0].sum(1)
    # 0.15 * 126 = 18.9, rounded up or down at random.
    assert set(count) <= {18, 19}
    assert count.mean() == pytest.approx(18.9, abs=0.08)


def test_no_word_is_cut():
    ids = many_ids()
    hidden, _ = hidden_of(ids_layer(whole_words=True), ids)
    starts = (ids.numpy() < 255) | (np.arange(ids.shape[1]) == 0)
    for row, begins in zip(hidden, starts, strict=True):
        assert set(np.diff(row.astype(int)).nonzero()[0] + 1) <= set(
            np.flatnonzero(begins)
        )
    assert (hidden & ~starts).any()


def test_an_unknown_token_is_a_word_of_its_own_and_never_hidden():
    ids = tf.tile(tf.constant([[5, 1, 260, 6, 1, 1, 7, 261]]), [200, 1])
    layer = ids_layer(sequence_length=10, whole_words=True, mask_rate=0.4)
    hidden, _ = hidden_of(layer, ids)
    assert not hidden[:, [1, 4, 5]].any()
    # What follows the unknown begins a word: 5, 260 and 6 are hidden alone too.
    assert {tuple(np.flatnonzero(row)) for row in hidden} > {(0, 2), (0, 3), (2, 3)}
    assert all(row[6] == row[7] for row in hidden)


def test_spans_have_the_lengths_that_are_asked_for():
    ids = many_ids(400, 200)
    layer = ids_layer(sequence_length=202, mask_rate=0.02, span_shares=[0.5, 0, 0.5])
    hidden, _ = hidden_of(layer, ids)
    lengths = []
    for row in hidden:
        ends = np.flatnonzero(np.diff(np.pad(row.astype(int), 1)))
        lengths += (ends[1::2] - ends[::2]).tolist()
    # Of 4 tokens the last span is cut in half of the rows; few spans touch.
    share = np.bincount(lengths, minlength=6) / len(lengths)
    assert share[1] > 0.45 and share[3] > 0.25 and share[5:].sum() < 0.01


def test_a_span_is_treated_alike_and_a_word_token_by_token():
    ids, options = many_ids(), {"mask_rate": 0.3, "random_token_rate": 0.0}
    options["mask_token_rate"] = 0.5
    for shares, mixed in (([0, 1], False), (None, True)):
        layer = ids_layer(span_shares=shares, whole_words=shares is None, **options)
        hidden, shown = hidden_of(layer, ids)
        pairs = hidden[:, ::2] & hidden[:, 1::2]  # spans begin at even places
        if mixed:
            goes_on = ids.numpy()[:, 1::2] >= 255
            pairs = pairs & goes_on
        masked = (shown == MASK)[:, ::2], (shown == MASK)[:, 1::2]
        assert pairs.sum() > 500
        assert ((masked[0] != masked[1]) & pairs).any() == mixed


def test_every_place_is_as_likely_as_another():
    layer = ids_layer(span_shares=[0.8, 0.1, 0.1])
    counts = hidden_of(layer, many_ids(1000))[0].sum(0)
    assert counts.std() / np.sqrt(counts.mean()) < 1.5


def test_the_choice_by_hand():
    starts = tf.constant([[True, True, False, False, True, True]])
    units, spans = spans_of(starts, [1, 1], tf.constant([[0.9, 0.1, 0, 0, 0, 0]]))
    assert units.numpy().tolist() == [[0, 1, 1, 1, 2, 3]]
    assert spans.numpy().tolist() == [[0, 0, 0, 0, 1, 2]]
    priority = tf.constant([[0.9, 0.5, 0.6, 0, 0, 0]])
    ordinary = tf.ones([1, 6], tf.bool)
    for whole, wanted, chosen in (
        (True, 3, [0, 4, 5]),  # the word of three is passed over
        (True, 4, [0, 1, 2, 3]),
        (False, 3, [0, 1, 2]),  # and cut
        (True, 5, [0, 1, 2, 3, 5]),
    ):
        found = choose(
            ordinary, units, spans, priority, tf.constant([[float(wanted)]]), whole
        )
        assert np.flatnonzero(found[0]).tolist() == chosen


@pytest.mark.parametrize("arguments", [{"whole_words": True}, {"span_shares": [1, 1]}])
def test_in_a_graph_and_from_its_configuration(arguments):
    layer, ids = ids_layer(sequence_length=20, **arguments), many_ids(6, 30)
    eager = numpy_of(layer(ids, SEED))
    # A configuration does not hold the tokenizer's words.
    again = MaskedTokens(**layer.get_config() | {"tokenizer": layer.tokenizer})
    dataset = tf.data.Dataset.from_tensors(ids).map(lambda some: again(some, SEED))
    assert dataset.element_spec[1].shape.as_list() == [6, 3]
    mapped = numpy_of(next(iter(dataset)))
    keras.tree.map_structure(np.testing.assert_array_equal, eager, mapped)
    other = numpy_of(layer(ids, SEED + 1))
    assert (other[0]["mask_positions"] != eager[0]["mask_positions"]).any()


def test_nothing_of_what_is_hidden_is_seen():
    layer = ids_layer(
        sequence_length=40, whole_words=True, mask_token_rate=1.0, random_token_rate=0.0
    )
    ids = many_ids(8, 38)
    x, y, weight = numpy_of(layer(ids, SEED))
    # Other tokens at the hidden places, which begin or go on with words as before.
    hidden, _ = hidden_of(layer, ids)
    another = np.where(ids < 255, 5 + (ids - 5 + 7) % 250, 255 + (ids - 255 + 7) % 250)
    changed, other, _ = numpy_of(layer(np.where(hidden, another, ids), SEED))
    keras.tree.map_structure(np.testing.assert_array_equal, x, changed)
    assert (y != other)[weight > 0].all() and weight.sum() > 30
