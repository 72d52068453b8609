"""Measures of predicted tokens."""

from keras import ops


def token_accuracy(logits, targets):
    """Returns whether each token is predicted, its target's logit above all others.

    Its mean over the tokens is their accuracy.

    A target whose logit another token has too counts as wrong. Under XLA on a
    CPU this is faster than an argmax.

    Args:
        logits: Float tensor (..., vocabulary_size).
        targets: Integer tensor (...), each in [0, vocabulary_size).

    Returns:
        Boolean tensor (...).

    Example:
        >>> logits = ops.array([[0.1, 0.9], [0.5, 0.5]])
        >>> hits = token_accuracy(logits, ops.array([1, 0]))
        >>> ops.convert_to_numpy(hits).tolist()
        [True, False]
    """
    own = ops.take_along_axis(logits, targets[..., None], axis=-1)
    return ops.count_nonzero(logits >= own, axis=-1) == 1
