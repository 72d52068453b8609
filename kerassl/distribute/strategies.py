"""Strategies by name: which devices share the work."""

from kerassl.distribute.backend import BACKEND
from kerassl.errors import InvalidValue

if BACKEND == "tensorflow":
    from kerassl.distribute.tensorflow_devices import tensorflow_strategy
else:
    from kerassl.distribute.jax_devices import jax_strategy


def strategy(name="auto"):
    """Returns a distribution strategy, to build and compile a task in.

    Args:
        name: One of

            - `"auto"`: a TPU if there is one, else all GPUs if there are
              several, else the one device there is.
            - `"one"`: the default device.
            - `"mirrored"`: all local GPUs, a copy of the model on each.
            - `"multi_worker"`: every process that the environment variable
              `TF_CONFIG` lists (TensorFlow only).
            - `"tpu"`: the local TPU (TensorFlow), or all TPU cores (JAX).
            - `"cpu:N"` or `"gpu:N"`: the first N such devices. For `"cpu:N"`
              with TensorFlow the processor is split into N logical devices,
              which must happen before TensorFlow is first used.

    Returns:
        An object with a `scope()` context manager: a `tf.distribute.Strategy`
        with TensorFlow, a `keras.distribution.DataParallel` with JAX.

    Raises:
        ValueError: If `name` is unknown, there are too few such devices, or
            `TF_CONFIG` lists no processes.

    Example:
        >>> import keras
        >>> with strategy("one").scope():
        ...     layer = keras.layers.Dense(2)
    """
    kind, _, count = str(name).partition(":")
    if count and (kind not in ("cpu", "gpu") or not count.isdigit() or count == "0"):
        raise InvalidValue(_unknown_strategy(name))
    known = ("auto", "one", "mirrored", "multi_worker", "tpu", "cpu", "gpu")
    if kind not in known or (kind in ("cpu", "gpu") and not count):
        raise InvalidValue(_unknown_strategy(name))
    if BACKEND == "jax":
        return jax_strategy(kind, int(count or 0))
    return tensorflow_strategy(kind, int(count or 0))


def _unknown_strategy(name):
    return (
        "`strategy` must be 'auto', 'one', 'mirrored', 'multi_worker', 'tpu', "
        f"'cpu:N' or 'gpu:N' with N >= 1. Received: {name!r}"
    )
