"""Losses of sequences of frames: how far each frame is from its target."""

from keras import ops

from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def frame_l1(targets, outputs):
    """Returns the mean absolute error of each frame.

    Args:
        targets: Float tensor (batch, frames, dim).
        outputs: Float tensor of the same shape.

    Returns:
        Float tensor (batch, frames), mean over the last axis, in the units of the
        targets.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> float(frame_l1(ops.ones((1, 1, 2)), ops.zeros((1, 1, 2)))[0, 0])
        1.0
    """
    if len(targets.shape) != 3 or tuple(targets.shape[1:]) != tuple(outputs.shape[1:]):
        raise InvalidValue(
            "Targets and outputs must have one shape, (batch, frames, dim). Received: "
            f"{tuple(targets.shape)} and {tuple(outputs.shape)}"
        )
    check_finite(targets=targets, outputs=outputs)
    return ops.mean(ops.abs(outputs - ops.cast(targets, outputs.dtype)), axis=-1)
