"""How far samples are from examples, in the space of some features."""

import numpy as np

from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def frechet_distance(features, other):
    """Returns the Frechet distance of two sets of features taken as normal.

    With the features of an Inception network it is the FID that generators
    are measured by. With others the values cannot be compared to those, only
    among themselves. It is biased upwards where there are few rows: compare
    values of equally many.

    Args:
        features: Float array (rows, dim), of two or more examples.
        other: Float array (rows, dim), such as of samples; the number of rows
            may differ.

    Returns:
        Float, 0 or more: squared distance of the means plus that of the
        covariances, in squared units of the features.

    Raises:
        ValueError: If the arrays are no matrices of one width, or have fewer
            than two rows.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(100, 3))
        >>> round(frechet_distance(x, x + 1.0), 6)
        3.0

    Reference:
        Heusel et al., 2017, eq. 6, https://arxiv.org/abs/1706.08500
    """
    features, other = (np.asarray(x, np.float64) for x in (features, other))
    for name, x in (("features", features), ("other", other)):
        if x.ndim != 2 or len(x) < 2 or x.shape[1] != features.shape[-1]:
            raise InvalidValue(
                f"`{name}` must be a matrix of two or more rows, as wide as the "
                f"other one. Received shape: {x.shape}"
            )
    check_finite(features=features, other=other)
    gap = np.sum((features.mean(axis=0) - other.mean(axis=0)) ** 2)
    covariance, other_covariance = (
        np.atleast_2d(np.cov(x, rowvar=False)) for x in (features, other)
    )
    root = _root(covariance)
    # The trace of the root of a product of covariances, by a symmetric matrix
    # with the same eigenvalues, whose root is sure to be real.
    shared = np.linalg.eigvalsh(root @ other_covariance @ root)
    common = np.sqrt(np.maximum(shared, 0.0)).sum()
    distance = gap + np.trace(covariance) + np.trace(other_covariance) - 2 * common
    return float(max(distance, 0.0))


def _root(matrix):
    """Returns the root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
