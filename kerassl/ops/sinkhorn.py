"""Shares of examples among prototypes, such that all prototypes get as much."""

from keras import ops

from kerassl.checks import check_number, check_positive_integers
from kerassl.errors import InvalidValue


def sinkhorn(scores, epsilon: float = 0.05, rounds: int = 3):
    """Returns how a batch is shared out among prototypes, by Sinkhorn and Knopp.

    Each example is given to the prototypes that it is most like, as far as all
    prototypes can get equally much: the more examples want one, the less of it each
    gets. So no answer is the same for all examples, unless their scores are.

    It is computed in logarithms, each sum less its largest term, so that no
    exponential is infinite and no sum is zero.

    Args:
        scores: Float tensor (examples, prototypes): how alike they are. All examples
            that share the prototypes: of several replicas those of every one.
        epsilon: How evenly an example is shared out, above 0: with little it goes to
            few prototypes. No unit; the scale is that of `scores`.
        rounds: How often both sums are mended, above 0. The last mends the examples',
            so the prototypes get equally much only nearly.

    Returns:
        Float32 tensor of the same shape, 0 or more, each row's sum 1.

    Raises:
        ValueError: If `scores` is no matrix, or a number is out of its range.

    Example:
        >>> crowded = ops.array([[0.5, 0.4], [0.5, 0.1]])  # both want the first
        >>> [[round(float(share), 2) for share in code] for code in sinkhorn(crowded)]
        [[0.15, 0.85], [0.99, 0.01]]

    References:
        Cuturi, 2013, https://arxiv.org/abs/1306.0895
        Caron et al., 2020, section 3.1, https://arxiv.org/abs/2006.09882
    """
    check_number("epsilon", epsilon, above=0)
    check_positive_integers(rounds=rounds)
    if len(scores.shape) != 2 or 0 in tuple(scores.shape):
        raise InvalidValue(
            "`scores` must have shape (examples, prototypes). "
            f"Received: {tuple(scores.shape)}"
        )
    logs = ops.cast(scores, "float32") / epsilon
    for _ in range(rounds):
        logs = logs - ops.logsumexp(logs, axis=0, keepdims=True)
        logs = logs - ops.logsumexp(logs, axis=1, keepdims=True)
    return ops.exp(logs)
