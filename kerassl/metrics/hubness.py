"""How often the same few rows are everyone's neighbours."""

import numpy as np

from kerassl.checks import check_positive_integers
from kerassl.errors import InvalidValue


def k_occurrences(neighbours, count: int):
    """Returns how many times each example is among the neighbours of others.

    Args:
        neighbours: Integer array (queries, k), the examples nearest to each query,
            in [0, count).
        count: Number of examples.

    Returns:
        Integer array (count,); it sums to queries * k.

    Raises:
        ValueError: If `neighbours` is no matrix of such integers.

    Example:
        >>> k_occurrences(np.array([[1, 2], [0, 2], [1, 0]]), 3).tolist()
        [2, 2, 2]
    """
    check_positive_integers(count=count)
    neighbours = np.asarray(neighbours)
    fits = neighbours.ndim == 2 and neighbours.dtype.kind in "iu"
    if not fits or neighbours.min() < 0 or neighbours.max() >= count:
        raise InvalidValue(
            f"`neighbours` must be a matrix of integers in [0, {count}). Received "
            f"{neighbours.dtype} of shape {neighbours.shape}"
        )
    return np.bincount(neighbours.ravel(), minlength=count)


def hubness(neighbours, count: int) -> float:
    """Returns the skewness of the k-occurrences.

    Near 0 each example is about as often a neighbour as another. Above 1 there are
    hubs, examples that are near to everything, and many that are near to nothing:
    the more dimensions the features have, the more there are.

    Args:
        neighbours: As in `k_occurrences`.
        count: Number of examples.

    Returns:
        The third standardised moment, 0 where all occur equally often.

    Example:
        >>> hubness(np.array([[1]] + [[0]] * 9), 10) > 1
        True

    Reference:
        Radovanović et al., 2010, section 3, https://jmlr.org/papers/v11/radovanovic10a.html
    """
    occurrences = k_occurrences(neighbours, count).astype("float64")
    deviations = occurrences - occurrences.mean()
    spread = deviations.std()
    return float((deviations**3).mean() / spread**3) if spread > 0 else 0.0
