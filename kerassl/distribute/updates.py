"""Updates by gradients that differ between TensorFlow's replicas."""

import types

import tensorflow as tf

from kerassl.distribute.replicas import all_gather, all_sum, num_replicas
from kerassl.errors import InvalidValue

# Keras's TensorFlow optimizer overrides these to reduce gradients and to leave
# the replica for each update, which tf.cond forbids. Its base class has the
# plain versions, right once the gradients are equal on all replicas.
_CROSS_REPLICA_METHODS = (
    "_backend_update_step",
    "_apply_weight_decay",
    "_backend_increment_gradient_accumulators",
    "_overwrite_model_variables_with_average_value",
)


def apply_gradients(optimizer, gradients, variables):
    """Applies gradients that may differ between replicas."""
    pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    if not pairs:
        raise InvalidValue("The loss depends on no trainable variable.")
    gradients, variables = zip(*pairs, strict=True)
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if num_replicas() > 1 and getattr(inner, "by_rows", False):
        gradients = [_gathered(g) for g in gradients]
    elif num_replicas() > 1:
        gradients = all_sum([tf.convert_to_tensor(g) for g in gradients])
    gradients = _dense_if_clipped(inner, gradients)
    optimizer.apply(gradients, list(variables))


def _gathered(gradient):
    """Returns the sum of a gradient over the replicas, by the rows they read."""
    if not isinstance(gradient, tf.IndexedSlices):
        return all_sum(gradient)
    return tf.IndexedSlices(
        all_gather(gradient.values), all_gather(gradient.indices), gradient.dense_shape
    )


def _dense_if_clipped(optimizer, gradients):
    # The norm of a sparse gradient whose rows repeat is not that of the sum.
    if optimizer.clipnorm or optimizer.global_clipnorm or optimizer.clipvalue:
        return [tf.convert_to_tensor(g) for g in gradients]
    return list(gradients)


def let_each_replica_update_its_copy(optimizer):
    """Makes `optimizer` take reduced gradients and apply them in the replica."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    base = next(c for c in type(optimizer).__mro__ if c.__name__ == "BaseOptimizer")
    for name in _CROSS_REPLICA_METHODS:
        method = types.MethodType(getattr(base, name), optimizer)
        object.__setattr__(optimizer, name, method)
