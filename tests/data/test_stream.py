import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import StreamSource


def test_batches_start_anywhere_and_never_end():
    source = StreamSource(tf.data.Dataset.range(5))
    whole = [b.numpy().tolist() for b in source.batches(2).take(6)]
    assert whole[:3] == [[0, 1], [2, 3], [4, 0]]
    later = [b.numpy().tolist() for b in source.batches(2, start=4).take(2)]
    assert later == whole[4:]


def test_fetch_reads_forward_and_starts_again():
    dataset = tf.data.Dataset.range(6).map(lambda i: {"a": i, "b": [i, i]})
    source = StreamSource(dataset)
    assert source.fetch([1, 3])["a"].numpy().tolist() == [1, 3]
    assert source.fetch([4, 0])["b"].numpy().tolist() == [[4, 4], [0, 0]]
    with pytest.raises(Exception, match="ended before position 6"):
        source.fetch([6])


def test_labels_are_left_aside():
    dataset = tf.data.Dataset.from_tensor_slices((np.arange(3), np.zeros(3)))
    assert StreamSource(dataset).fetch([2]).numpy().tolist() == [2]


def test_length_where_it_is_known():
    source = StreamSource(tf.data.Dataset.range(5))
    assert len(source) == 5
    unknown = StreamSource(tf.data.Dataset.range(5).filter(lambda i: i > 1))
    with pytest.raises(TypeError, match="not known"):
        len(unknown)
    assert unknown.describe()["examples"] is None
    with pytest.raises(ValueError, match="at least one"):
        StreamSource(tf.data.Dataset.range(0))
