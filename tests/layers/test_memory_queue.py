import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.layers.memory_queue import MemoryQueue


def rows(first, count, dim=2):
    """Returns rows that all hold their number: first, first + 1, ..."""
    return np.repeat(np.arange(first, first + count, dtype="float32")[:, None], dim, 1)


def numbers(queue):
    return queue.rows.numpy()[:, 0].tolist()


def test_starts_with_the_same_unit_rows():
    queue = MemoryQueue(50, 8)
    np.testing.assert_allclose(np.linalg.norm(queue.rows, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(queue.rows, MemoryQueue(50, 8).rows)
    assert np.abs(np.mean(queue.rows, axis=0)).max() < 0.2
    assert queue.trainable_variables == []


def test_the_newest_take_the_place_of_the_oldest():
    queue = MemoryQueue(6, 2)
    queue.enqueue(rows(0, 3))
    queue.enqueue(rows(3, 3))
    assert numbers(queue) == [0, 1, 2, 3, 4, 5]
    assert int(queue.position.numpy()) == 0
    queue.enqueue(rows(6, 2))
    assert numbers(queue) == [6, 7, 2, 3, 4, 5]


def test_wraps_around_where_the_batch_does_not_divide_the_size():
    queue = MemoryQueue(5, 2)
    queue.enqueue(rows(0, 4))
    queue.enqueue(rows(4, 4))
    # The places of 5, 6, 7 are those of the oldest.
    assert numbers(queue) == [5, 6, 7, 3, 4]
    assert int(queue.position.numpy()) == 3


def test_of_too_many_rows_the_last_stay():
    queue = MemoryQueue(3, 2)
    queue.enqueue(rows(0, 2))
    queue.enqueue(rows(2, 5))
    assert sorted(numbers(queue)) == [4, 5, 6]
    oldest = int(queue.position.numpy())
    assert numbers(queue)[oldest] == 4


def test_the_nearest_row_has_the_smallest_distance():
    queue = MemoryQueue(50, 8)
    vectors = 3 * np.random.default_rng(1).normal(size=(20, 8)).astype("float32")
    found = queue.nearest(vectors)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = np.linalg.norm(units[:, None] - queue.rows.numpy()[None], axis=2)
    np.testing.assert_array_equal(found, queue.rows.numpy()[distances.argmin(1)])
    np.testing.assert_array_equal(queue.nearest(queue.rows), queue.rows)


def test_no_gradient_flows_back_from_a_neighbour():
    queue, vectors = MemoryQueue(5, 2), tf.Variable(tf.ones((3, 2)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(queue.nearest(vectors) * tf.stop_gradient(vectors))
    assert tape.gradient(total, [vectors, queue.rows.value]) == [None, None]


def test_replicas_hold_one_queue(two_replicas):
    with two_replicas.scope():
        queue = MemoryQueue(6, 2)
    parts = two_replicas.experimental_distribute_values_from_function(
        lambda context: rows(2 * context.replica_id_in_sync_group, 2)
    )
    two_replicas.run(queue.enqueue, args=(parts,))
    for copy in two_replicas.experimental_local_results(queue.rows.value):
        assert np.array(copy)[:4, 0].tolist() == [0, 1, 2, 3]


def test_round_trip():
    queue = MemoryQueue(3, 4, name="queue")
    again = MemoryQueue.from_config(queue.get_config())
    assert again.get_config() == queue.get_config()
    model = keras.Sequential([again])
    assert {v.path for v in model.variables} == {"queue/rows", "queue/position"}


@pytest.mark.parametrize("arguments, name", [((0, 2), "size"), ((3, 1.5), "dim")])
def test_errors(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer"):
        MemoryQueue(*arguments)
