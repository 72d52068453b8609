"""Whether a batch has an example for every device."""

import keras

from kerassl.distribute.backend import BACKEND
from kerassl.errors import InvalidValue


def can_share(model, batch_size):
    """Returns whether every device gets an example of a batch.

    A replica without one would compute means of nothing. With JAX all devices
    hold equally many examples.

    Args:
        model: A `keras.Model`.
        batch_size: Examples in a batch, over all replicas.
    """
    if BACKEND == "jax":
        return batch_size % _jax_batch_devices() == 0
    return batch_size >= model.distribute_strategy.num_replicas_in_sync


def num_shares(model):
    """Returns into how many parts a batch is cut, one for each device.

    Args:
        model: A `keras.Model`.
    """
    if BACKEND == "jax":
        return _jax_batch_devices()
    return model.distribute_strategy.num_replicas_in_sync


def check_batch_size(model, batch_size):
    """Raises ValueError unless every device gets an example of a batch.

    Args:
        model: A `keras.Model`.
        batch_size: Examples in a batch, over all replicas.
    """
    if can_share(model, batch_size):
        return
    if BACKEND == "jax":
        wanted = f"a multiple of {_jax_batch_devices()}, the devices that share it"
    else:
        replicas = model.distribute_strategy.num_replicas_in_sync
        wanted = f"at least {replicas}, an example for each replica of the strategy"
    raise InvalidValue(f"`batch_size` must be {wanted}. Received: {batch_size}")


def check_shares(model, data, batch_size):
    """Raises ValueError where the last batch may leave a replica without an example.

    TensorFlow cuts the last batch at the rows where it cuts the whole ones.

    Args:
        model: A `keras.Model`.
        data: What `fit` trains on.
        batch_size: Examples in a batch of arrays, None for Keras's 32.
    """
    if BACKEND == "jax" or model.distribute_strategy.num_replicas_in_sync == 1:
        return
    replicas = model.distribute_strategy.num_replicas_in_sync
    leaf = keras.tree.flatten(getattr(data, "element_spec", data))[0]
    shape = getattr(leaf, "shape", ())
    if hasattr(data, "element_spec"):
        left = "unknown" if shape and shape[0] is None else 0
    else:
        batch_size = batch_size or 32
        left = shape[0] % batch_size if shape else 0
        if left > -(-batch_size // replicas) * (replicas - 1):
            left = 0
    if left:
        raise InvalidValue(
            f"`x` must give each of {replicas} replicas an example of every batch: "
            "make whole batches, such as by `batch(..., drop_remainder=True)`. "
            f"Received a last batch whose size is {left}"
        )


def _jax_batch_devices():
    """Returns over how many devices Keras's distribution shares a batch."""
    distribution = keras.distribution.distribution()
    if distribution is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]
