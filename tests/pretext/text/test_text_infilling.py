import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from kerassl.pretext.text import NoisyText, SentencePermutation, TextInfilling
from kerassl.pretext.text.text_infilling import hidden_counts, poisson_table
from kerassl.pretext.text.token_noise import Vocabulary
from kerassl.tokenizers import train_tokenizer

PAD, MASK, FIRST = 0, 4, 5
VOCABULARY = Vocabulary(PAD, MASK, np.arange(5, 5000), np.array([], np.int32))
SEED = tf.constant([3, 4], tf.int64)


def rising(lengths, time):
    """Rows of the ids 5, 6, 7, ...; their lengths (batch, 1)."""
    lengths = np.asarray(lengths, "int32")[:, None]
    columns = np.arange(time, dtype="int32")
    return np.where(columns < lengths, FIRST + columns, PAD), lengths


def infilled(ids, lengths, seed=SEED, vocabulary=VOCABULARY, **arguments):
    noise = TextInfilling(**arguments)
    made = noise(tf.constant(ids), tf.constant(lengths), seed, vocabulary)
    return [tensor.numpy() for tensor in made]


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("mean", [1.0, 3.0])
def test_the_share_is_exact_and_what_is_left_keeps_its_order(rate, mean):
    ids, lengths = rising(np.arange(60).repeat(5), 60)
    noisy, left = infilled(ids, lengths, rate=rate, mean_span_length=mean)
    assert noisy.dtype == left.dtype == np.int32 and noisy.shape == ids.shape
    np.testing.assert_array_equal(noisy != PAD, np.arange(60) < left)
    kept = (noisy >= FIRST).sum(1)
    expected = [int(np.ceil(round(length * rate, 6))) for length in lengths[:, 0]]
    np.testing.assert_array_equal(lengths[:, 0] - kept, expected)
    for row in noisy:
        assert (np.diff(row[row >= FIRST]) > 0).all()
    # A hidden token stands behind a mask: there is none without.
    masks = (noisy == MASK).sum(1)
    assert (masks[np.array(expected) > 0] >= 1).all()


def test_certain_outcomes():
    ids, lengths = rising([0, 1, 7, 31], 32)
    noisy, left = infilled(ids, lengths, rate=0.0)
    np.testing.assert_array_equal(noisy, ids)
    np.testing.assert_array_equal(left, lengths)
    noisy, left = infilled(ids, lengths, rate=1.0)
    assert set(np.unique(noisy)) == {PAD, MASK} and left[0] == 0
    noisy, left = infilled(ids, lengths, rate=1.0, mean_span_length=100.0)
    np.testing.assert_array_equal(left[:, 0], [0, 1, 1, 1])


def test_lengths_of_spans_are_a_poisson_distribution():
    """Of 12,000 spans or so, chi-squared of the lengths 0 to 8 and the rest."""
    ids, lengths = rising([3000] * 40, 3200)
    noisy, _ = infilled(ids, lengths)
    # Where masks lie side by side only their sum is known.
    found = [span for row in noisy for span in alone(row)]
    counts = np.bincount(np.minimum(found, 9), minlength=10)
    shares = stats.poisson.pmf(np.arange(9), 3.0)
    expected = len(found) * np.append(shares, 1 - shares.sum())
    assert len(found) > 7000
    assert np.sum((counts - expected) ** 2 / expected) < 27.9  # 9 degrees, p 0.001


def alone(row):
    """Returns the lengths of the spans whose masks have tokens on both sides."""
    padded = np.concatenate([[MASK], row[row != PAD], [MASK]])
    inner = padded[1:-1]
    single = (inner == MASK) & (padded[:-2] != MASK) & (padded[2:] != MASK)
    return [padded[i + 2] - padded[i] - 1 for i in np.flatnonzero(single)]


def test_masks_of_empty_spans_are_put_between_tokens():
    ids, lengths = rising([200] * 50, 256)
    noisy, _ = infilled(ids, lengths)
    found = np.concatenate([alone(row) for row in noisy])
    share = (found == 0).mean()
    assert abs(share - np.exp(-3.0)) < 4 * np.sqrt(0.05 * 0.95 / len(found))


def test_the_end_of_a_text_is_hidden_as_often_as_its_beginning():
    ids, lengths = rising([20] * 20000, 24)
    noisy, _ = infilled(ids, lengths)
    hidden = [~np.isin(np.arange(FIRST, FIRST + 20), row) for row in noisy]
    share = np.mean(hidden, axis=0)
    assert abs(share.mean() - 0.3) < 1e-9
    np.testing.assert_allclose(share, share[::-1], atol=0.015)
    # Fewer spans can reach the ends than the tokens within.
    np.testing.assert_allclose(share[5:15], share[5:15].mean(), atol=0.015)
    assert share[0] < share[5:15].min()


def test_a_full_row_has_room_for_the_end_token():
    ids, lengths = rising([15] * 3000, 16)
    noisy, left = infilled(ids, lengths, rate=0.9, mean_span_length=1.0)
    assert left.max() == 15 and (noisy[:, -1] == PAD).all()
    assert ((noisy >= FIRST).sum(1) == 1).all()


def test_what_is_shown_does_not_depend_on_what_is_hidden():
    ids, lengths = rising([50] * 20, 64)
    noisy, _ = infilled(ids, lengths)
    other = ids.copy()
    for row, shown in enumerate(noisy):
        is_hidden = ~np.isin(ids[row], shown) & (ids[row] != PAD)
        other[row] = np.where(is_hidden, 4000, ids[row])
    again, _ = infilled(other, lengths)
    np.testing.assert_array_equal(again, noisy)


def test_rows_and_seeds_draw_apart():
    ids, lengths = rising([50] * 8, 64)
    noisy, _ = infilled(ids, lengths)
    assert len({tuple(row) for row in noisy.tolist()}) == 8
    np.testing.assert_array_equal(infilled(ids, lengths)[0], noisy)
    assert (infilled(ids, lengths, seed=SEED + 1)[0] != noisy).any()


def test_eager_equals_dataset_map_with_static_shapes():
    tokenizer = train_tokenizer(["a cat sat. a dog ran."] * 3, vocabulary_size=27)
    noises = [SentencePermutation(), TextInfilling()]
    layer = NoisyText(tokenizer, 16, noises, start_token=True)
    texts = tf.constant(["a cat sat. a dog ran.", "", "a", "a dog sat " * 9])
    dataset = tf.data.Dataset.from_tensors(texts).map(lambda t: layer(t, SEED))
    x, y, weight = next(iter(dataset))
    eager_x, eager_y, eager_weight = layer(texts, SEED)
    for name, part in eager_x.items():
        np.testing.assert_array_equal(x[name], part)
    np.testing.assert_array_equal(y, eager_y)
    np.testing.assert_array_equal(weight, eager_weight)
    assert all(spec.shape == (4, 16) for spec in dataset.element_spec[0].values())
    known = tf.data.Dataset.from_tensor_slices(["a"] * 4).batch(2)
    spec = known.map(lambda t: layer(t, SEED)).element_spec
    assert spec[1].shape.as_list() == [None, 16]


def test_tables():
    assert hidden_counts(10, 0.3).tolist() == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    table = poisson_table(3.0)
    assert table[0] == pytest.approx(np.exp(-3)) and table[-1] > 1 - 1e-6
    shares = np.diff(table, prepend=0)
    assert np.sum(shares * np.arange(len(table))) == pytest.approx(3.0, abs=1e-4)


def test_config():
    noise = TextInfilling(0.5, 2.0)
    assert TextInfilling.from_config(noise.get_config()).get_config() == {
        "rate": 0.5,
        "mean_span_length": 2.0,
    }
    assert TextInfilling().get_config() == {"rate": 0.3, "mean_span_length": 3.0}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"rate": 1.1}, "rate"),
        ({"rate": -0.1}, "rate"),
        ({"rate": "0.3"}, "rate"),
        ({"rate": float("nan")}, "rate"),
        ({"mean_span_length": 0.0}, "mean_span_length"),
        ({"mean_span_length": 101}, "mean_span_length"),
        ({"mean_span_length": float("inf")}, "mean_span_length"),
        ({"mean_span_length": None}, "mean_span_length"),
        ({"mean_span_length": True}, "mean_span_length"),
    ],
)
def test_wrong_arguments(arguments, name):
    with pytest.raises((ValueError, TypeError), match=f"`{name}`"):
        TextInfilling(**arguments)


def test_it_needs_a_mask_token():
    ids, lengths = rising([3], 5)
    with pytest.raises(ValueError, match="mask token for TextInfilling"):
        infilled(ids, lengths, vocabulary=VOCABULARY._replace(mask=None))
