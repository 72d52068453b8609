"""Encoder inputs that are made by and by are those that are made at once."""

import keras
import numpy as np
import pytest

from kerassl import encoders, pretext
from kerassl.data import ArraySource
from kerassl.pretraining.examples import prepared
from kerassl.transfer import PreparedExamples, compare
from kerassl.transfer.examples import batches

OPTIONS = {
    "labels_per_class": (2, None),
    "draws": 1,
    "fine_tune_options": {"steps": 23, "batch_size": 7},
    "progress": False,
}


def source(count, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 2
    high = 120 + 60 * y[:, None, None, None]
    return ArraySource(rng.integers(0, high, (count, 8, 8, 1)).astype("uint8"), y)


def by_and_by(source):
    return PreparedExamples(source, pretext.Reconstruct(), kept_bytes=0), source.labels


def at_once(source):
    return prepared(pretext.Reconstruct(), source), source.labels


def test_all_figures_are_the_same_to_the_bit():
    encoder = encoders.dense((8, 8, 1), hidden_dims=(6,))
    found = [
        compare(encoder, make(source(45, 0)), make(source(270, 1)), **OPTIONS)
        for make in (at_once, by_and_by)
    ]
    assert found[0].rows == found[1].rows
    assert found[0].row("pretrained", "fine_tune", None)["accuracies"]


def test_parts_and_batches():
    whole = prepared(pretext.Reconstruct(), source(9, 0))
    for kept_bytes in (0, 1 << 20):
        x = PreparedExamples(source(9, 0), pretext.Reconstruct(), kept_bytes=kept_bytes)
        part = x[[7, 0, 7, 3]][1:]
        assert (len(x), len(part)) == (9, 3)
        found = list(batches(part, 2))
        assert [len(batch) for batch in found] == [2, 1]
        np.testing.assert_array_equal(np.concatenate(found), whole[[0, 7, 3]])


def test_what_is_much_is_never_in_memory():
    images, size = source(600, 0), 600 * 8 * 8
    x = PreparedExamples(images, pretext.Reconstruct(), kept_bytes=size)
    assert x._kept is None  # as float32 they are four times as large
    assert [len(batch) for batch in batches(x, 256)] == [256, 256, 88]
    small = PreparedExamples(images, pretext.Reconstruct(), kept_bytes=4 * size)
    assert small._kept.nbytes == 4 * size


def test_what_is_not_finite_is_told():
    class Broken(pretext.Reconstruct):
        def prepare(self, inputs):
            return keras.ops.log(super().prepare(inputs) - 1.0)

    with pytest.raises(ValueError, match="`source` must hold arrays of finite"):
        PreparedExamples(source(4, 0), Broken())
