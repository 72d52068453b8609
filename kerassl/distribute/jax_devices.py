"""JAX's devices, shared as Keras's distribution shares them."""

import jax
import keras

from kerassl.distribute.devices import too_few
from kerassl.errors import InvalidValue


def jax_strategy(kind, count):
    if kind == "multi_worker":
        raise InvalidValue(
            "`strategy='multi_worker'` needs the TensorFlow backend. With JAX, call "
            "`keras.distribution.initialize()` in every process and use 'auto'."
        )
    platform = {"mirrored": "gpu"}.get(kind, kind)
    if kind in ("auto", "one"):
        devices = jax.devices()
        count = 1 if kind == "one" else len(devices)
    else:
        devices = [d for d in jax.devices() if d.platform == platform]
        count = count or len(devices)
    if not devices or len(devices) < count:
        hint = ""
        if platform == "cpu":
            hint = f" Set XLA_FLAGS=--xla_force_host_platform_device_count={count}."
        raise InvalidValue(f"{too_few(platform, count or 'one', len(devices))}{hint}")
    names = [f"{d.platform}:{d.id}" for d in devices[:count]]
    return keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
