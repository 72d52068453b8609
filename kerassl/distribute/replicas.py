"""What replicas say to each other: rows, sums, and who is who."""

import keras
from keras import ops

from kerassl.distribute.backend import BACKEND

if BACKEND == "tensorflow":
    import tensorflow as tf


def replica_context():
    """Returns TensorFlow's replica context when there are several replicas."""
    # None while Keras builds a model symbolically, outside any replica.
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return None
    return context


def num_replicas():
    """Returns how many replicas run this code in parallel.

    Always 1 on JAX, where the code sees the global batch however many
    devices share it.
    """
    if BACKEND == "jax":
        return 1
    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_id():
    """Returns this replica's number, an int or an integer scalar tensor."""
    if BACKEND == "jax":
        return 0
    context = replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def all_gather(x):
    """Returns the rows of every replica's `x`, in the order of the replicas.

    The gradient is that of one large batch: what every replica computed from
    a row flows back to the replica that owns it.

    Args:
        x: Tensor of shape (local_batch, ...). The replicas' batches may be of
            different sizes.

    Returns:
        Tensor of shape (global_batch, ...); `gather_keys` tells where a
        replica's rows start. `x` itself where there is one replica.

    Example:
        >>> tuple(all_gather(ops.ones((2, 3))).shape)
        (2, 3)
    """
    context = None if BACKEND == "jax" else replica_context()
    if context is None:
        return x
    x = ops.convert_to_tensor(x)
    gathered = context.all_gather(x, axis=0)
    # all_gather drops static shapes. How many rows the others have is not known
    # here: of a batch of 7 one of two replicas has 4 and the other 3.
    gathered.set_shape([None, *x.shape[1:]])
    return gathered


def gather_keys(keys):
    """Returns the keys of all replicas, and where this replica's keys begin.

    For tasks that compare each row of a replica with all rows of the batch: the
    own key of local row i is row `offset` + i of the gathered keys.

    Args:
        keys: Tensor (local_batch, ...), or a structure of such tensors with
            equally many rows.

    Returns:
        Tuple (keys, offset): the same structure, of tensors (global_batch, ...),
        as `all_gather` gives them, and an integer or integer scalar tensor.

    Example:
        >>> keys, offset = gather_keys(ops.ones((2, 3)))
        >>> tuple(keys.shape), offset
        ((2, 3), 0)
    """
    context = None if BACKEND == "jax" else replica_context()
    if context is None:
        return keys, 0
    rows = ops.shape(keras.tree.flatten(keys)[0])[0]
    sizes = context.all_gather(tf.reshape(rows, (1,)), axis=0)
    offset = tf.reduce_sum(sizes[: context.replica_id_in_sync_group])
    return keras.tree.map_structure(all_gather, keys), offset


def all_sum(x):
    """Returns the sum of `x` over the replicas.

    Args:
        x: Tensor, or structure of tensors, of one shape on every replica.

    Returns:
        The same structure, equal on every replica. `x` itself where there is
        one replica.

    Example:
        >>> float(all_sum(ops.ones(())))
        1.0
    """
    context = None if BACKEND == "jax" else replica_context()
    if context is None:
        return x
    return context.all_reduce(tf.distribute.ReduceOp.SUM, x)
