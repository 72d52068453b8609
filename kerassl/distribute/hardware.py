"""What a model computes on, in words."""

import collections
import os

from kerassl.distribute.backend import BACKEND

if BACKEND == "tensorflow":
    import tensorflow as tf
else:
    import jax


def devices_told(model) -> str:
    """Returns what computes a model's steps.

    Args:
        model: A `keras.Model`.

    Example:
        >>> import keras
        >>> "replica" in devices_told(keras.Sequential())
        False
    """
    names = _accelerators()
    counted = collections.Counter(names).items()
    told = ", ".join(
        f"{count} x {name}" if count > 1 else name for name, count in counted
    )
    cores = os.process_cpu_count() if hasattr(os, "process_cpu_count") else None
    told = told or f"CPU, {cores or os.cpu_count()} cores"
    replicas = _replicas(model)
    return f"{told}; {replicas} replicas" if replicas > 1 else told


def _accelerators():
    if BACKEND == "jax":
        return [d.device_kind for d in jax.devices() if d.platform != "cpu"]
    found = []
    for device in tf.config.list_physical_devices():
        if device.device_type != "CPU":
            details = tf.config.experimental.get_device_details(device)
            found.append(details.get("device_name", device.device_type))
    return found


def _replicas(model):
    if BACKEND == "jax":
        return jax.device_count()
    return model.distribute_strategy.num_replicas_in_sync
