"""What replicas say to each other."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerassl import distribute


def test_gather_and_sum_over_two_replicas(two_replicas):
    @tf.function
    def run():
        def replica():
            number = ops.cast(distribute.replica_id(), "float32")
            rows = ops.reshape(number * 10 + ops.arange(2, dtype="float32"), (2, 1))
            with tf.GradientTape() as tape:
                tape.watch(rows)
                gathered = distribute.all_gather(rows)
                # Every replica reads row 1 and its own number of times row 2.
                loss = gathered[1, 0] + (number + 1) * gathered[2, 0]
            # How many rows the other replica has is not known while tracing.
            assert gathered.shape == (None, 1)
            return gathered, distribute.all_sum(number), tape.gradient(loss, rows)

        return two_replicas.run(replica)

    gathered, total, gradient = map(two_replicas.experimental_local_results, run())
    np.testing.assert_array_equal(np.ravel(gathered[1]), [0, 1, 10, 11])
    assert total[0] == 1.0
    np.testing.assert_array_equal(np.ravel(gradient[0]), [0, 2])
    np.testing.assert_array_equal(np.ravel(gradient[1]), [3, 0])


@pytest.mark.parametrize("shares", [(4, 3), (1, 5), (2, 0)])
def test_keys_of_uneven_shares_are_found(shares, two_replicas):
    starts = (0, shares[0])

    @tf.function
    def run(rows):
        def replica(rows):
            with tf.GradientTape() as tape:
                tape.watch(rows)
                (keys, _), offset = distribute.gather_keys((rows, 2 * rows))
                own = keys[offset : offset + tf.shape(rows)[0]]
                weights = tf.range(1, 1 + tf.shape(keys)[0])
                loss = tf.reduce_sum(keys * tf.cast(weights, "float32"))
            return keys, offset, own - rows, tape.gradient(loss, rows)

        return two_replicas.run(replica, (rows,))

    values = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.range(
            starts[context.replica_id_in_sync_group],
            sum(shares[: context.replica_id_in_sync_group + 1]),
            dtype="float32",
        )
    )
    results = map(two_replicas.experimental_local_results, run(values))
    for replica, (keys, offset, gap, slope) in enumerate(zip(*results, strict=True)):
        np.testing.assert_array_equal(keys, np.arange(sum(shares)))
        assert offset == starts[replica] and not np.any(gap)
        # Each of the two replicas read the row, as often as its number says.
        first = 1 + starts[replica]
        np.testing.assert_array_equal(
            slope, 2.0 * np.arange(first, first + shares[replica])
        )


def test_one_replica_needs_no_communication():
    x = ops.ones((2, 3))
    assert distribute.all_gather(x) is x
    assert distribute.all_sum(x) is x
    assert distribute.gather_keys(x) == (x, 0)
    assert distribute.replica_id() == 0
    assert distribute.num_replicas() == 1
