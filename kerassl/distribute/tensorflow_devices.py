"""TensorFlow's strategies, and how many devices they find."""

import contextlib
import functools
import json
import os

import tensorflow as tf

from kerassl.distribute.devices import too_few
from kerassl.errors import InvalidValue

# Logical devices of one processor: enough to try any number of replicas that a
# machine of accelerators has.
MOST_CPU_DEVICES = 256


def tensorflow_strategy(kind, count):
    if kind == "cpu":
        return _mirrored("CPU", _split_cpu(count))
    if kind == "multi_worker":  # must come before the devices are looked at
        _check_cluster(os.environ.get("TF_CONFIG", ""))
        return tf.distribute.MultiWorkerMirroredStrategy()
    gpus = tf.config.list_logical_devices("GPU")
    if kind == "auto":
        if os.environ.get("TPU_NAME") or tf.config.list_physical_devices("TPU"):
            kind = "tpu"
        else:
            kind = "mirrored" if len(gpus) > 1 else "one"
    if kind == "one":
        return tf.distribute.get_strategy()
    if kind == "tpu":
        try:
            resolver = tf.distribute.cluster_resolver.TPUClusterResolver(
                os.environ.get("TPU_NAME", "local")
            )
            tf.tpu.experimental.initialize_tpu_system(resolver)
        except (tf.errors.OpError, ValueError, RuntimeError) as error:
            cause = str(getattr(error, "message", error)).partition(". ")[0]
            raise InvalidValue(
                f"`strategy='tpu'` found no TPU: {cause}. One that is not local is "
                "named by the environment variable TPU_NAME."
            ) from error
        return tf.distribute.TPUStrategy(resolver)
    count = count or len(gpus)
    if not gpus or len(gpus) < count:
        raise too_few("GPU", count or "at least one", len(gpus))
    return _mirrored("GPU", count)


def _check_cluster(text):
    """Raises unless TF_CONFIG's text lists processes and says which this is."""
    try:
        config = json.loads(text)
        listed = bool(config["cluster"]) and "index" in config["task"]
    except (ValueError, KeyError, TypeError):
        listed = False
    if not listed:
        raise InvalidValue(
            "`strategy='multi_worker'` needs the environment variable TF_CONFIG in "
            "every process, such as "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
            '"task": {"type": "worker", "index": 0}}. '
            f"Received: {text!r}"
        )


@functools.cache
def _mirrored(kind, count):
    # One for the same devices: the collectives of two would share their numbers,
    # and a process that trains with both ends where their shapes differ.
    return tf.distribute.MirroredStrategy([f"{kind}:{i}" for i in range(count)])


def _split_cpu(count):
    """Splits the processor into `count` logical devices if it is not yet."""
    if count > MOST_CPU_DEVICES:
        raise InvalidValue(
            f"`strategy` splits the processor into {MOST_CPU_DEVICES} devices at most. "
            f"Received: 'cpu:{count}'"
        )
    cpu = tf.config.list_physical_devices("CPU")[0]
    # Once TensorFlow has started, the configuration can no longer change.
    with contextlib.suppress(RuntimeError):
        if not tf.config.get_logical_device_configuration(cpu):
            tf.config.set_logical_device_configuration(
                cpu, [tf.config.LogicalDeviceConfiguration()] * count
            )
    found = len(tf.config.list_logical_devices("CPU"))
    if found < count:
        raise InvalidValue(
            f"`strategy` asks for {count} CPU devices, but TensorFlow has already "
            f"started with {found}. Call `kerassl.distribute.strategy('cpu:{count}')` "
            "before anything else uses TensorFlow."
        )
    return count
