"""Where variables live, and which process writes files."""

import contextlib

import keras

from kerassl.distribute.backend import BACKEND
from kerassl.errors import InvalidValue

if BACKEND == "tensorflow":
    import tensorflow as tf
else:
    import jax


def scope_of(model):
    """Returns the scope in which the variables of `model` were made."""
    if BACKEND == "jax":
        return contextlib.nullcontext()
    return model.distribute_strategy.scope()


def check_scope(task):
    """Raises where a task was not made in the scope of the strategy at work.

    Args:
        task: A `keras.Model`.

    Raises:
        ValueError: If its weights lie elsewhere, where replicas cannot share them.
    """
    if BACKEND != "tensorflow" or not tf.distribute.has_strategy():
        return
    is_within = tf.distribute.get_strategy().extended.variable_created_in_scope
    if not all(is_within(weight.value) for weight in task.weights):
        raise InvalidValue(
            "`strategy` must be the object in whose `scope()` your task was made and "
            "compiled, as kerassl.distribute.strategy(name) gives it. Received a task "
            "made outside of it."
        )


def has_strategy(model):
    """Returns whether the variables of `model` are in a strategy's hands.

    That is also so where it has a single device: its replica is left and entered
    as one of many is.
    """
    if BACKEND == "jax":
        return keras.distribution.distribution() is not None
    with model.distribute_strategy.scope():
        return tf.distribute.has_strategy()


def is_chief(model):
    """Returns whether this process is the one that writes files.

    Args:
        model: A `keras.Model`, or a strategy as `strategy` returns it.
    """
    if BACKEND == "jax":
        return jax.process_index() == 0
    resolver = getattr(model, "distribute_strategy", model).cluster_resolver
    if resolver is None or resolver.task_type is None:
        return True
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return resolver.task_type == first and resolver.task_id == 0
