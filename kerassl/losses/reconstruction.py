"""Losses of reconstruction: how far an output is from its target."""

import math

from keras import ops

from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def binary_cross_entropy(targets, logits):
    """Returns each example's mean binary cross-entropy.

    Taken from logits: it is exact and finite where a sigmoid would round to 0
    or 1. For targets between 0 and 1 the least possible value is their
    entropy, not 0.

    Args:
        targets: Float tensor (batch, ...), in [0, 1].
        logits: Float tensor of the same shape, before the sigmoid.

    Returns:
        Float tensor (batch,) in nats, mean over the other axes.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> loss = binary_cross_entropy(ops.ones((1, 3)), ops.zeros((1, 3)))
        >>> round(float(loss[0]), 4)
        0.6931
    """
    _check_shapes(targets, logits)
    check_finite(targets=targets, logits=logits)
    targets = ops.cast(targets, logits.dtype)
    # log(1 + exp(logits)) - targets * logits without overflow.
    loss = (
        ops.relu(logits) - logits * targets + ops.log1p(ops.exp(-ops.absolute(logits)))
    )
    return _mean_per_example(loss)


def mean_absolute_error(targets, outputs):
    """Returns each example's mean absolute error.

    Args:
        targets: Float tensor (batch, ...).
        outputs: Float tensor of the same shape.

    Returns:
        Float tensor (batch,), mean over the other axes, in units of the targets.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> float(mean_absolute_error(3 * ops.ones((1, 2)), ops.ones((1, 2)))[0])
        2.0
    """
    _check_shapes(targets, outputs)
    check_finite(targets=targets, outputs=outputs)
    error = outputs - ops.cast(targets, outputs.dtype)
    return _mean_per_example(ops.absolute(error))


def mean_squared_error(targets, outputs):
    """Returns each example's mean squared error.

    Args:
        targets: Float tensor (batch, ...).
        outputs: Float tensor of the same shape.

    Returns:
        Float tensor (batch,), mean over the other axes, in squared units of
        the targets.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> float(mean_squared_error(ops.ones((1, 2)), ops.zeros((1, 2)))[0])
        1.0
    """
    _check_shapes(targets, outputs)
    check_finite(targets=targets, outputs=outputs)
    error = outputs - ops.cast(targets, outputs.dtype)
    return _mean_per_example(ops.square(error))


def _mean_per_example(values):
    size = math.prod(values.shape[1:])
    return ops.mean(ops.reshape(values, (-1, size)), axis=1)


def _check_shapes(targets, outputs):
    if tuple(targets.shape[1:]) != tuple(outputs.shape[1:]):
        raise InvalidValue(
            "Targets and outputs must have one shape. Received: "
            f"{tuple(targets.shape)} and {tuple(outputs.shape)}"
        )
