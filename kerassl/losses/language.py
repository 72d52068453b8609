"""Losses of language modelling."""

from keras import ops

from kerassl.checks import check_integer
from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


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
        raise InvalidValue(
            "`logits` must have one axis more than `targets`, the vocabulary. "
            f"Received shapes: {tuple(logits.shape)} and {tuple(targets.shape)}"
        )
    for expected, received in zip(targets.shape, logits.shape[:-1], strict=True):
        if None not in (expected, received) and expected != received:
            raise InvalidValue(
                "`logits` and `targets` must have the same leading axes. Received "
                f"shapes: {tuple(logits.shape)} and {tuple(targets.shape)}"
            )
    check_finite(logits=logits)
    return ops.sparse_categorical_crossentropy(
        targets, ops.cast(logits, "float32"), from_logits=True
    )


def detection_cross_entropy(scores, replaced):
    """Returns the cross-entropy of telling each token replaced from original.

    Args:
        scores: Float tensor (...), logits of the token being replaced; the loss
            is computed in float32.
        replaced: Tensor (...), 1 where the token was replaced and 0 elsewhere.

    Returns:
        Float32 tensor (...), in nats, 0 or more.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> loss = detection_cross_entropy(ops.zeros((2,)), ops.array([0, 1]))
        >>> [round(float(value), 4) for value in loss]  # ln 2
        [0.6931, 0.6931]

    Reference:
        Clark et al., 2020, section 2, https://arxiv.org/abs/2003.10555
    """
    if len(scores.shape) != len(replaced.shape):
        raise InvalidValue(
            "`scores` and `replaced` must have one shape. Received: "
            f"{tuple(scores.shape)} and {tuple(replaced.shape)}"
        )
    check_finite(scores=scores)
    return ops.binary_crossentropy(
        ops.cast(replaced, "float32"), ops.cast(scores, "float32"), from_logits=True
    )


def lean_token_cross_entropy(
    hidden_states, embeddings, targets, weights=None, *, chunk_size: int = 256
):
    """Returns the summed cross-entropy of tokens without holding their logits.

    Equal to projecting the hidden states to the vocabulary and summing
    `token_cross_entropy`, but made for few tokens at a time: of the logits and
    their gradient, (tokens, vocabulary_size), only (chunk_size,
    vocabulary_size) is there at once. The gradients of hidden states and
    embeddings are computed in the forward pass, where the logits are at hand.
    Slightly slower than the plain loss; it pays where the logits are large.

    Args:
        hidden_states: Float tensor (..., dim). The logits are computed in its
            dtype, the loss in float32.
        embeddings: Float tensor or variable (vocabulary_size, dim).
        targets: Integer tensor (...), each in [0, vocabulary_size).
        weights: Float tensor (...), or None for 1. No gradient reaches it.
        chunk_size: Tokens at a time, at least 1.

    Returns:
        Float32 scalar, the sum of weights * cross-entropy in nats.

    Raises:
        ValueError: If the shapes do not belong together or `chunk_size` < 1.

    Example:
        >>> hidden, table = ops.zeros((2, 3, 8)), ops.ones((4, 8))
        >>> targets = ops.array([[0, 1, 2], [3, 0, 1]])
        >>> loss = lean_token_cross_entropy(hidden, table, targets, chunk_size=4)
        >>> round(float(loss), 4)  # 6 ln 4
        8.3178
    """
    dim = hidden_states.shape[-1]
    if len(embeddings.shape) != 2 or dim != embeddings.shape[1]:
        raise InvalidValue(
            "`embeddings` must have the shape (vocabulary_size, dim) with the last "
            f"axis of `hidden_states`, {dim}. Received: {tuple(embeddings.shape)}"
        )
    if len(targets.shape) != len(hidden_states.shape) - 1:
        raise InvalidValue(
            "`targets` must have the leading axes of `hidden_states`. Received "
            f"shapes: {tuple(targets.shape)} and {tuple(hidden_states.shape)}"
        )
    check_integer("chunk_size", chunk_size, least=1)
    weights = ops.ones_like(targets, "float32") if weights is None else weights
    states = ops.reshape(hidden_states, (-1, dim))
    missing = (-ops.shape(states)[0]) % chunk_size
    states = ops.pad(states, [[0, missing], [0, 0]])
    targets = ops.pad(ops.reshape(targets, (-1,)), [[0, missing]])
    weights = ops.cast(ops.reshape(weights, (-1,)), "float32")
    weights = ops.pad(weights, [[0, missing]])

    @ops.custom_gradient
    def summed(states, embeddings):
        total, *gradients = _sum_over_chunks(
            states, embeddings, targets, weights, chunk_size
        )

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return tuple(
                ops.cast(upstream * part, source.dtype)
                for part, source in zip(gradients, (states, embeddings), strict=True)
            )

        return total, gradient

    # A tensor: eager TensorFlow takes no variable in a custom gradient.
    return summed(states, ops.copy(embeddings))


def _sum_over_chunks(states, embeddings, targets, weights, size):
    """Returns the summed loss and its gradients by states and embeddings."""
    dim = states.shape[-1]
    table = ops.cast(embeddings, states.dtype)

    def step(start, total, by_states, by_table):
        chunk = ops.slice(states, (start, 0), (size, dim))
        answer = ops.slice(targets, (start,), (size,))
        weight = ops.slice(weights, (start,), (size,))[:, None]
        logits = ops.cast(ops.matmul(chunk, ops.transpose(table)), "float32")
        logits = logits - ops.max(logits, axis=-1, keepdims=True)
        powers = ops.exp(logits)
        normal = ops.sum(powers, axis=-1, keepdims=True)
        loss = ops.log(normal) - ops.take_along_axis(logits, answer[:, None], axis=-1)
        # Before rounding: the difference is small where the target is certain.
        slope = powers / normal - ops.one_hot(answer, table.shape[0])
        slope = ops.cast(weight * slope, states.dtype)
        change = ops.cast(ops.matmul(slope, table), "float32")
        return (
            start + size,
            total + ops.sum(weight * loss),
            ops.slice_update(by_states, (start, 0), change),
            by_table + ops.cast(ops.matmul(ops.transpose(slope), chunk), "float32"),
        )

    # A loop of the graph: XLA would keep the chunks of an unrolled one all alive.
    count = ops.shape(states)[0]
    _, *results = ops.while_loop(
        lambda start, *_: start < count,
        step,
        (
            ops.convert_to_tensor(0, "int32"),
            ops.zeros((), "float32"),
            ops.zeros_like(states, "float32"),
            ops.zeros_like(embeddings, "float32"),
        ),
    )
    return results
