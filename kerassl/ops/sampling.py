"""Draws from distributions, from random numbers that are given."""

from keras import ops

from kerassl.errors import InvalidValue

# Outcomes that are added up as one first: the square root of a large vocabulary.
BLOCK = 128


def categorical(logits, numbers):
    """Returns a draw from each distribution, by its inverse cumulative function.

    With the numbers of `kerassl.ops.uniform` an example's draws depend on its own
    seed and logits alone. No gradient goes through a draw.

    Args:
        logits: Float tensor (..., outcomes), unnormalised log-probabilities;
            computed in float32.
        numbers: Float tensor (...) in [0, 1): which draw it is.

    Returns:
        int32 tensor (...), each in [0, outcomes).

    Raises:
        ValueError: If the shapes do not belong together.

    Example:
        >>> logits = ops.log(ops.array([[0.2, 0.5, 0.3]] * 3))
        >>> ops.convert_to_numpy(categorical(logits, ops.array([0.1, 0.6, 0.9])))
        array([0, 1, 2], dtype=int32)
    """
    if len(logits.shape) != len(numbers.shape) + 1:
        raise InvalidValue(
            "`logits` must have one axis more than `numbers`, the outcomes. Received "
            f"shapes: {tuple(logits.shape)} and {tuple(numbers.shape)}"
        )
    outcomes = logits.shape[-1]
    logits = ops.cast(ops.stop_gradient(logits), "float32")
    masses = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    # In two levels: one sum over a large vocabulary is slow, and rounds more.
    none = [[0, 0]] * len(numbers.shape)
    masses = ops.pad(masses, [*none, [0, -outcomes % BLOCK]])
    blocks = ops.reshape(masses, (*ops.shape(masses)[:-1], -1, BLOCK))
    until = ops.cumsum(ops.sum(blocks, axis=-1), axis=-1)  # (..., blocks)
    sought = ops.cast(numbers, "float32")[..., None] * until[..., -1:]
    block = _first_above(until, sought)  # (..., 1)
    before = ops.take_along_axis(ops.pad(until, [*none, [1, 0]]), block, axis=-1)
    inside = ops.take_along_axis(blocks, block[..., None], axis=-2)[..., 0, :]
    place = _first_above(ops.cumsum(inside, axis=-1), sought - before)
    return ops.minimum(block * BLOCK + place, outcomes - 1)[..., 0]


def _first_above(sums, sought):
    """Returns where growing sums first exceed what is sought, (..., 1)."""
    below = ops.cast(sums <= sought, "int32")
    count = ops.sum(below, axis=-1, keepdims=True)
    # Rounding may leave the last sum no larger than what is sought.
    return ops.minimum(count, ops.shape(sums)[-1] - 1)
