"""Losses of redundancy reduction: dimensions that vary, each in its own way."""

from keras import ops

from kerassl.checks import check_number
from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def variance_hinge(z, gamma: float = 1.0, epsilon: float = 1e-4):
    """Returns how far the dimensions of embeddings fall short of a spread.

    A dimension counts nothing where its standard deviation over the batch is
    `gamma` or more, and `gamma` less it where it is below. Constant embeddings
    give `gamma` - sqrt(`epsilon`).

    Args:
        z: Float tensor (batch, dim) of the global batch, 2 or more rows. It must
            not be normalised: the spread is what is asked for.
        gamma: The standard deviation to reach, above 0.
        epsilon: Added to the variance, above 0: the root has no gradient at 0.

    Returns:
        Float32 scalar, mean over the dimensions.

    Raises:
        ValueError: If `z` is not such a matrix, or a number is out of its range.

    Example:
        >>> round(float(variance_hinge(ops.ones((4, 3)))), 4)
        0.99

    Reference:
        Bardes et al., 2021, eq. 1, https://arxiv.org/abs/2105.04906
    """
    check_number("gamma", gamma, above=0)
    check_number("epsilon", epsilon, above=0)
    centred, count = _centred(z)
    variance = ops.sum(ops.square(centred), axis=0) / (count - 1.0)
    return ops.mean(ops.relu(gamma - ops.sqrt(variance + epsilon)))


def covariance_penalty(z):
    """Returns how much the dimensions of embeddings tell of each other.

    Args:
        z: Float tensor (batch, dim) of the global batch, 2 or more rows.

    Returns:
        Float32 scalar: the squared covariances of all ordered pairs of different
        dimensions, summed and divided by `dim`.

    Raises:
        ValueError: If `z` is not such a matrix.

    Example:
        >>> z = ops.array([[1.0, 1.0], [-1.0, -1.0]])
        >>> float(covariance_penalty(z))  # each covariance is 2
        4.0

    Reference:
        Bardes et al., 2021, eq. 4, https://arxiv.org/abs/2105.04906
    """
    centred, count = _centred(z)
    covariance = ops.matmul(ops.transpose(centred), centred) / (count - 1.0)
    dim = z.shape[1]
    others = ops.where(ops.eye(dim, dtype="bool"), 0.0, covariance)
    return ops.sum(ops.square(others)) / dim


def _centred(z):
    """Returns embeddings less their mean, in float32, and how many there are."""
    if len(z.shape) != 2 or z.shape[0] in (0, 1):
        raise InvalidValue(
            "`z` must have shape (batch, dim) with 2 or more rows. "
            f"Received: {tuple(z.shape)}"
        )
    check_finite(z=z)
    z = ops.cast(z, "float32")
    return z - ops.mean(z, axis=0), ops.cast(ops.shape(z)[0], "float32")
