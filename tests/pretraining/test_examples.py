"""What is trained on and what is kept apart to test."""

import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import ArraySource
from kerassl.pretraining.examples import sources


def split(counts, kinds=frozenset({"classes"})):
    labels = np.repeat(np.arange(len(counts)), counts)
    x = np.arange(len(labels), dtype="float32")[:, None]
    return sources({}, ArraySource(x, labels), 0, kinds)


@pytest.mark.parametrize(
    "counts",
    [[10] * 4, [4] * 10, [4] * 20, [2, 2], [2] * 9, [3, 2], [50, 2], [1, 5, 5]],
    ids=str,
)
def test_few_examples_a_class_leave_some_of_each_on_both_sides(counts):
    train, test = split(counts)
    assert len(train) + len(test) == sum(counts)
    held = np.bincount(test.labels, minlength=len(counts))
    kept = np.bincount(train.labels, minlength=len(counts))
    for count, h, k in zip(counts, held, kept, strict=True):
        assert k >= 1 and h >= (count > 1 and max(counts) < 10 * count)
    x = np.concatenate([s.fetch(np.arange(len(s))).numpy() for s in (train, test)])
    assert sorted(x[:, 0]) == list(range(sum(counts)))


@pytest.mark.parametrize("counts", [[1, 1, 1], [7], [1, 9]], ids=str)
def test_labels_that_cannot_test_are_said_not_to_be_used(counts):
    train, test = split(counts)
    assert test is None and len(train) == sum(counts)
    assert any("labels are not used" in note for note in train.notes)


def test_nothing_is_kept_apart_unasked():
    assert split([10, 10], kinds=set())[1] is None


def test_a_test_split_of_the_data_is_the_test():
    x, y = np.eye(4, dtype="float32"), [0, 1, 0, 1]
    source = ArraySource(x, y)
    source.test = ArraySource(x[:2], y[:2])
    train, test = sources({}, source, 0, {"classes"})
    assert train is source and test is source.test


def test_a_stream_must_say_its_length():
    stream = tf.data.Dataset.from_generator(
        lambda: iter(np.eye(3, dtype="float32")),
        output_signature=tf.TensorSpec((3,), tf.float32),
    )
    for endless in (stream, stream.repeat()):
        with pytest.raises(ValueError, match="`data` must say how many .*assert_card"):
            sources({}, endless, 0, {"classes"})
    known = stream.apply(tf.data.experimental.assert_cardinality(3))
    assert len(sources({}, known, 0, {"classes"})[0]) == 3


@pytest.mark.parametrize(
    "size, kept", [(1, 0), (4, 0), (5, 1), (19, 3), (60, 4), (200, 10), (30_000, 1000)]
)
def test_of_examples_without_labels_a_few_are_kept_apart(size, kept):
    source = ArraySource(np.arange(size, dtype="float32")[:, None])
    plan = {"held_out": 0.05}
    train, test = sources(plan, source, 0, {"classes", None})
    assert (0 if test is None else len(test)) == kept
    assert len(train) == size - kept
    if not kept:
        assert f"there are only {size}" in train.notes[0]
        return
    assert sorted([*train.indices, *test.indices]) == list(range(size))
    told = f"{kept:,} of the {size:,} examples are kept out of training to test."
    assert train.describe()["notes"] == [told]
    assert source.notes == []  # the user's own source says nothing of this run
    other = sources(plan, source, 1, {None})[1]
    assert len(other) == kept and (kept < 10 or list(other.indices) != [*test.indices])


def test_a_stream_is_not_divided():
    stream = tf.data.Dataset.from_tensor_slices(np.eye(30, dtype="float32"))
    train, test = sources({"held_out": 0.05}, stream, 0, {None})
    assert test is None and len(train) == 30
    assert "they are a stream" in train.notes[0]


def test_a_run_of_before_keeps_a_fifth_apart_where_its_preset_asked():
    source = ArraySource(np.arange(11, dtype="float32")[:, None])
    assert sources({}, source, 0, {"classes"}) == (source, None)
    train, test = sources({}, source, 0, {"classes", None})
    assert (len(train), len(test)) == (8, 3)
    assert sorted([*train.indices, *test.indices]) == list(range(11))
    again = sources({}, source, 0, {None})[1]
    np.testing.assert_array_equal(again.indices, test.indices)
    one = ArraySource(np.zeros((1, 1), "float32"))
    assert sources({}, one, 0, {None}) == (one, None)
    assert "there is one example" in one.notes[0]
