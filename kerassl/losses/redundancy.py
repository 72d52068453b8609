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


def barlow_twins(z1, z2, redundancy_weight: float = 0.0051):
    """Returns the loss of Barlow Twins: two views correlate, dimension by dimension.

    The correlation of a dimension of the first views with itself in the second
    views should be 1, and with every other dimension 0. Embeddings that are one
    for all examples correlate with nothing and give `dim`.

    Args:
        z1: Float tensor (batch, dim) of the global batch, 2 or more rows, first
            views' embeddings.
        z2: Float tensor of the same shape, second views' embeddings.
        redundancy_weight: The paper's lambda, 0 or more. There are dim * (dim - 1)
            pairs of dimensions, so fewer dimensions bear a larger one.

    Returns:
        Float32 scalar, a sum over the dimensions and their pairs.

    Raises:
        ValueError: If the shapes differ or are not such, or `redundancy_weight` is
            out of its range.

    Example:
        >>> z = ops.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
        >>> round(float(barlow_twins(z, -z)), 2)  # each correlation is -1
        8.0

    Reference:
        Zbontar et al., 2021, eq. 1, https://arxiv.org/abs/2103.03230
    """
    check_number("redundancy_weight", redundancy_weight, least=0)
    invariance, redundancy = barlow_twins_terms(z1, z2)
    return invariance + redundancy_weight * redundancy


def barlow_twins_terms(z1, z2):
    """Returns the two terms of `barlow_twins`, before they are weighed.

    Args:
        z1: As in `barlow_twins`.
        z2: As there.

    Returns:
        Tuple of float32 scalars: invariance, the sum of (1 - correlation)^2 over
        the dimensions, and redundancy, the sum of correlation^2 over the ordered
        pairs of different dimensions.

    Raises:
        ValueError: If the shapes differ or are not such.

    Example:
        >>> z = ops.array([[1.0, 1.0], [-1.0, -1.0]])
        >>> [round(float(term), 2) for term in barlow_twins_terms(z, z)]
        [0.0, 2.0]

    Reference:
        Zbontar et al., 2021, eq. 1, https://arxiv.org/abs/2103.03230
    """
    correlation = cross_correlation(z1, z2)
    same = ops.eye(correlation.shape[0], dtype="bool")
    others = ops.where(same, 0.0, correlation)
    invariance = ops.sum(ops.square(1.0 - ops.diagonal(correlation)))
    return invariance, ops.sum(ops.square(others))


def cross_correlation(z1, z2, epsilon: float = 1e-5):
    """Returns how dimensions of first views go with those of second views.

    Args:
        z1: Float tensor (batch, dim) of the global batch, 2 or more rows.
        z2: Float tensor of the same shape.
        epsilon: Added to the variances, above 0, as in batch normalisation. So a
            dimension that does not vary has a correlation of 0.

    Returns:
        Float32 tensor (dim, dim), from -1 to 1: row i is a dimension of `z1`,
        column j one of `z2`.

    Raises:
        ValueError: If the shapes differ or are not such, or `epsilon` is not above
            0.

    Example:
        >>> z = ops.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
        >>> ops.convert_to_numpy(cross_correlation(z, z)).round(3).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    Reference:
        Zbontar et al., 2021, eq. 2, https://arxiv.org/abs/2103.03230
    """
    check_number("epsilon", epsilon, above=0)
    shapes = tuple(z1.shape), tuple(z2.shape)
    if len(shapes[0]) != 2 or shapes[0] != shapes[1] or shapes[0][0] in (0, 1):
        raise InvalidValue(
            "`z1` and `z2` must have one shape (batch, dim) with 2 or more rows. "
            f"Received: {shapes[0]} and {shapes[1]}"
        )
    check_finite(z1=z1, z2=z2)
    z1, z2 = _standardized(z1, epsilon), _standardized(z2, epsilon)
    return ops.matmul(ops.transpose(z1), z2) / ops.cast(ops.shape(z1)[0], "float32")


def _standardized(z, epsilon):
    """Returns embeddings with mean 0 and variance 1 over the batch, in float32."""
    z = ops.cast(z, "float32")
    centred = z - ops.mean(z, axis=0)
    # Divided by the number of rows, so that the largest correlation is 1.
    return centred / ops.sqrt(ops.mean(ops.square(centred), axis=0) + epsilon)


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
