"""Losses of language modelling."""

from keras import ops


def token_cross_entropy(logits, targets):
    """Returns the cross-entropy of each predicted token.

    Nothing is averaged: the caller weights the values, for slots or padding
    that hold no token would dilute a plain mean.

    Args:
        logits: Float tensor (..., vocabulary_size), any float type; the loss
            is computed in float32.
        targets: Integer tensor (...), each in [0, vocabulary_size).

    Returns:
        Float32 tensor (...), in nats, 0 or more.

    Raises:
        ValueError: If the shapes do not belong together.

    Example:
        >>> loss = token_cross_entropy(ops.zeros((1, 2, 4)), ops.array([[3, 0]]))
        >>> [round(float(value), 4) for value in loss[0]]  # ln 4
        [1.3863, 1.3863]

    Reference:
        Devlin et al., 2018, appendix A.1, https://arxiv.org/abs/1810.04805
    """
    if len(logits.shape) != len(targets.shape) + 1:
        raise ValueError(
            "`logits` must have one axis more than `targets`, the vocabulary. "
            f"Received shapes: {tuple(logits.shape)} and {tuple(targets.shape)}"
        )
    for expected, received in zip(targets.shape, logits.shape[:-1], strict=True):
        if None not in (expected, received) and expected != received:
            raise ValueError(
                "`logits` and `targets` must have the same leading axes. Received "
                f"shapes: {tuple(logits.shape)} and {tuple(targets.shape)}"
            )
    return ops.sparse_categorical_crossentropy(
        targets, ops.cast(logits, "float32"), from_logits=True
    )
