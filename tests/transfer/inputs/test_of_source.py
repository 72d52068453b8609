"""Which features of the input suit which source."""

import numpy as np
import pytest
import tensorflow as tf

from kerassl import modalities
from kerassl.data import ArraySource, StreamSource, as_source, digits, tones
from kerassl.modalities import Modality, modality_of
from kerassl.transfer.inputs import InputFeatures, inputs_of
from kerassl.transfer.inputs.values import raw_values

VECTORS = ArraySource(np.arange(12.0).reshape(4, 3))


@pytest.mark.parametrize(
    "examples, kind",
    [
        (np.zeros((2, 4, 4, 3), "uint8"), "image"),
        (["a text"], "text"),
        (np.zeros((2, 5)), "vector"),
        ({"waveform": np.zeros((2, 99)), "length": np.array([9, 9])}, "audio"),
        ({"other": np.zeros((2, 99))}, None),
        (np.zeros((2, 4, 4)), None),
    ],
)
def test_the_kind_is_told_by_the_examples(examples, kind):
    assert modality_of(as_source(examples)) == kind


def test_numbers_with_a_sample_rate_are_a_sound():
    source = ArraySource(np.zeros((2, 900)))
    source.quantities["sample_rate"] = 8000
    assert modality_of(source) == "audio"
    assert modality_of(tones(num_examples=2)) == "audio"


def test_a_kind_of_ones_own_brings_its_features(monkeypatch):
    def lengths(train, test, seed=0):
        return [InputFeatures(f"lengths {seed}", np.ones((4, 1)), np.ones((4, 1)))]

    named = "kerassl.transfer.inputs.values.raw_values"
    own = Modality("series", rank=1, inputs=(lengths, named))
    monkeypatch.setitem(modalities.MODALITIES, "series", own)
    source = ArraySource(np.zeros((4, 3)))
    source.modality = "series"
    found = inputs_of(source, source, seed=7)
    assert [each.name for each in found] == ["lengths 7", "raw values"]


def test_nothing_is_known_of_other_examples():
    source = ArraySource({"other": np.zeros((2, 9))})
    assert inputs_of(source, source) == []


def test_two_kinds_are_refused():
    with pytest.raises(ValueError, match="`test` must hold .* vector. Received: image"):
        inputs_of(VECTORS, digits("test"))


def test_a_stream_is_refused():
    stream = StreamSource(tf.data.Dataset.range(4))
    with pytest.raises(ValueError, match="`train` must be readable at any position"):
        inputs_of(stream, VECTORS)


def test_vectors_are_their_values():
    (found,) = inputs_of(VECTORS, VECTORS)
    np.testing.assert_array_equal(found.train, np.arange(12.0).reshape(4, 3))
    with pytest.raises(ValueError, match="`test` must hold vectors of 3 values"):
        raw_values(VECTORS, ArraySource(np.zeros((2, 4))))
