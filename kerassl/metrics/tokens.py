"""Measures of predicted tokens."""

from keras import ops


def told_rightly(logits, targets):
    """Returns whether each target has the largest logit of all.

    A target that shares it with another token counts as wrong. Under XLA on a
    CPU this is faster than an argmax.

    Args:
        logits: Float tensor (..., vocabulary_size).
        targets: Integer tensor (...), each in [0, vocabulary_size).

    Returns:
        Boolean tensor (...).

    Example:
        >>> hits = told_rightly(ops.array([[0.1, 0.9], [0.5, 0.5]]), ops.array([1, 0]))
        >>> ops.convert_to_numpy(hits).tolist()
        [True, False]
    """
    own = ops.take_along_axis(logits, targets[..., None], axis=-1)
    return ops.count_nonzero(logits >= own, axis=-1) == 1
