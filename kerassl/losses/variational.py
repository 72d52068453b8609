"""What a variational code costs."""

from keras import ops

from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def gaussian_divergence(mean, log_variance):
    """Returns the divergence of Gaussian codes from the standard one, by dimension.

    The Kullback-Leibler divergence of N(mean, exp(log_variance)) from N(0, 1).

    Args:
        mean: Float tensor (batch, dim).
        log_variance: Float tensor of the same shape. Clip it first: its exponential
            leaves the range of float32 beyond 88.

    Returns:
        Float tensor (batch, dim) in nats, 0 where a dimension tells nothing.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> gaussian_divergence(ops.array([[0.0, 2.0]]), ops.zeros((1, 2))).numpy()
        array([[0., 2.]], dtype=float32)

    Reference:
        Kingma and Welling, 2013, appendix B, https://arxiv.org/abs/1312.6114
    """
    if tuple(mean.shape) != tuple(log_variance.shape):
        raise InvalidValue(
            "`mean` and `log_variance` must have one shape. Received: "
            f"{tuple(mean.shape)} and {tuple(log_variance.shape)}"
        )
    check_finite(mean=mean, log_variance=log_variance)
    return 0.5 * (ops.square(mean) + ops.exp(log_variance) - 1 - log_variance)
