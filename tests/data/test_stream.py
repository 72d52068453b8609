import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import StreamSource


def test_batches_start_anywhere_and_never_end():
    source = StreamSource(tf.data.Dataset.range(5))
    whole = [b.numpy().tolist() for b in source.batches(2).take(6)]
    # No batch reaches over an end, and two passes see every element.
    assert whole[:4] == [[0, 1], [2, 3], [1, 2], [3, 4]]
    later = [b.numpy().tolist() for b in source.batches(2, start=3).take(3)]
    assert later == whole[3:]


@pytest.mark.parametrize("count, size", [(6, 2), (5, 5), (3, 1)])
def test_passes_that_batches_fill_follow_each_other(count, size):
    source = StreamSource(tf.data.Dataset.range(count))
    order = np.concatenate([b for b in source.batches(size).take(4 * count // size)])
    np.testing.assert_array_equal(order, np.tile(np.arange(count), 4))


def test_streams_of_unknown_length_leave_out_the_end_of_a_pass():
    unknown = tf.data.Dataset.range(6).filter(lambda i: i > 0)
    found = [b.numpy().tolist() for b in StreamSource(unknown).batches(2).take(4)]
    assert found == [[1, 2], [3, 4]] * 2


def test_more_in_a_batch_than_there_are():
    source = StreamSource(tf.data.Dataset.range(5))
    with pytest.raises(ValueError, match="`batch_size` is 6, but there are only 5"):
        source.batches(6)


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
