"""Losses of distillation: predict what a teacher network gives."""

from keras import ops

from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def normalized_squared_error(predictions, targets):
    """Returns each example's squared distance between vectors of length 1.

    It is 2 - 2 cos(prediction, target). BYOL takes it for both directions: the
    prediction from view 1 with the target from view 2, and the other way round.

    Args:
        predictions: Float tensor (batch, dim), of any length.
        targets: Float tensor of the same shape. No gradient flows back to it.

    Returns:
        Float tensor (batch,), from 0 where the directions agree to 4 where they
        are opposite.

    Raises:
        ValueError: If the shapes differ or are not those of matrices.

    Example:
        >>> loss = normalized_squared_error(ops.eye(2), -3.0 * ops.eye(2))
        >>> [round(float(value), 4) for value in loss]
        [4.0, 4.0]

    Reference:
        Grill et al., 2020, eq. 2, https://arxiv.org/abs/2006.07733
    """
    shapes = tuple(predictions.shape), tuple(targets.shape)
    if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
        raise InvalidValue(
            "`predictions` and `targets` must have one shape (batch, dim). "
            f"Received: {shapes[0]} and {shapes[1]}"
        )
    check_finite(predictions=predictions, targets=targets)
    predictions = ops.normalize(predictions, axis=-1)
    targets = ops.stop_gradient(ops.normalize(targets, axis=-1))
    return ops.sum(ops.square(predictions - targets), axis=-1)
