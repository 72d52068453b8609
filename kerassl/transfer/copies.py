"""Copies of an encoder: with its weights, or at random initialisation."""

import contextlib
import random

import keras
import numpy as np

from kerassl.encoders.kernels import draw_kernels


def copy_of(encoder):
    """Returns an encoder of the same configuration and weights, sharing none.

    Args:
        encoder: A built `keras.Model` that serialises.

    Returns:
        A `keras.Model` of the same class.

    Example:
        >>> encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> copy_of(encoder) is encoder
        False
    """
    copy = _rebuilt(keras.saving.serialize_keras_object(encoder))
    copy.set_weights(encoder.get_weights())
    return copy


def random_weights(encoder, seed: int):
    """Returns the weights that the encoder would start a training with.

    For a control see `random_control`.

    Every layer draws them anew, also one whose initializer has a seed of its
    own; statistics of batch normalisation start at mean 0 and variance 1. The
    kernels of Transformer blocks start at the scale of their width, also where
    the encoder's own did not: at KerasHub's scale a narrow Transformer is hardly
    more than its embedding (`kerassl.encoders.draw_kernels`).

    Args:
        encoder: A built `keras.Model` that serialises. It is not changed.
        seed: Integer. The same seed gives the same weights.

    Returns:
        List of arrays, as `get_weights` returns.
    """
    return random_copy(encoder, seed).get_weights()


def random_copy(encoder, seed: int):
    """Returns an encoder of the same configuration with `random_weights`.

    Args:
        encoder: A built `keras.Model` that serialises.
        seed: Integer.

    Example:
        >>> encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> random_copy(encoder, 0).get_weights()[0].shape
        (4, 3)
    """
    config = _reseed(keras.saving.serialize_keras_object(encoder), [seed, 0])
    with _python_random(seed):
        copy = _rebuilt(config)
        draw_kernels(copy)
        return copy


def _rebuilt(config):
    return keras.saving.deserialize_keras_object(config)


def _reseed(config, state):
    """Returns the config with another seed in each initializer that has one."""
    if isinstance(config, list | tuple):
        return type(config)(_reseed(part, state) for part in config)
    if not isinstance(config, dict):
        return config
    config = {key: _reseed(part, state) for key, part in config.items()}
    inner = config.get("config")
    if config.get("module") == "keras.initializers" and "seed" in (inner or {}):
        state[1] += 1
        seed = int(np.random.default_rng(state).integers(1, 2**31))
        config["config"] = {**inner, "seed": seed}
    return config


@contextlib.contextmanager
def _python_random(seed):
    """Seeds what Keras draws an unseeded initializer's seed from, for a while."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
