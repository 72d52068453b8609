import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext.text import DocumentRotation
from kerassl.pretext.text.token_noise import Vocabulary

VOCABULARY = Vocabulary(0, 4, np.arange(5, 100), np.array([], np.int32))
SEED = tf.constant([3, 4], tf.int64)


def rotated(length, rows, rate=1.0, time=12, seed=SEED):
    columns = np.arange(time, dtype="int32")
    ids = np.tile(np.where(columns < length, 5 + columns, 0), (rows, 1))
    lengths = np.full((rows, 1), length, "int32")
    noise = DocumentRotation(rate)
    found, left = noise(tf.constant(ids), tf.constant(lengths), seed, VOCABULARY)
    np.testing.assert_array_equal(left, lengths)
    return ids, found.numpy()


@pytest.mark.parametrize("length", [0, 1, 5, 12])
def test_what_is_shown_is_a_rotation(length):
    ids, found = rotated(length, 100)
    assert found.dtype == np.int32
    for row, clean in zip(found, ids, strict=True):
        turns = [np.roll(clean[:length], turn).tolist() for turn in range(length or 1)]
        assert row[:length].tolist() in turns and (row[length:] == 0).all()


def test_every_token_is_as_likely_to_be_the_first():
    _, found = rotated(6, 6000)
    counts = np.bincount(found[:, 0] - 5, minlength=6)
    assert np.sum((counts - 1000) ** 2 / 1000) < 20.5  # chi-squared, 5, p 0.001


def test_the_rate_is_a_share_of_the_texts():
    ids, found = rotated(10, 4000, rate=0.0)
    np.testing.assert_array_equal(found, ids)
    ids, found = rotated(10, 4000, rate=0.5)
    moved = (found != ids).any(1).mean()
    assert abs(moved - 0.5 * 0.9) < 0.03  # one in ten begins where it did


def test_the_seed_and_dataset_map():
    _, found = rotated(10, 50)
    np.testing.assert_array_equal(rotated(10, 50)[1], found)
    assert (rotated(10, 50, seed=SEED + 1)[1] != found).any()
    ids = tf.reshape(tf.range(5, 29), [2, 12])
    lengths = tf.constant([[12], [12]])

    def apply(tokens):
        return DocumentRotation()(tokens, lengths, SEED, VOCABULARY)[0]

    dataset = tf.data.Dataset.from_tensors(ids).map(apply)
    assert dataset.element_spec.shape == (2, 12)
    np.testing.assert_array_equal(next(iter(dataset)), apply(ids))


@pytest.mark.parametrize("rate", [-0.1, 1.1, "1", None, float("nan"), True])
def test_wrong_rates(rate):
    with pytest.raises((ValueError, TypeError), match="`rate`"):
        DocumentRotation(rate)
