"""Labels by the vote of the nearest neighbours."""

import numpy as np

from kerassl.checks import check_integer, check_number
from kerassl.distribute import check_finite


def nearest_neighbour_labels(
    features, labels, queries, k: int = 20, temperature: float = 0.1
):
    """Returns the label that each query's nearest neighbours vote for.

    Similarity is the cosine; each of the `k` nearest rows votes for its label
    with weight exp(cosine / temperature).

    Args:
        features: Float array (rows, dim) with known labels, or a sparse matrix of
            scipy in row form.
        labels: Array (rows,) of integers or strings.
        queries: The same of shape (queries, dim).
        k: Number of neighbours, 1 or more; all rows where there are fewer.
        temperature: Above 0, no unit. Small values let the nearest decide.

    Returns:
        Array (queries,) of the dtype of `labels`.

    Raises:
        ValueError: If `k` or `temperature` is out of range.

    Example:
        >>> votes = nearest_neighbour_labels(np.eye(2), ["a", "b"], [[0.9, 0.1]], k=1)
        >>> str(votes[0])
        'a'

    Reference:
        Wu et al., 2018, section 3.4, https://arxiv.org/abs/1805.01978
    """
    from scipy.sparse import issparse
    from sklearn.neighbors import KNeighborsClassifier

    check_integer("k", k, least=1)
    check_number("temperature", temperature, above=0)
    for name, rows in (("features", features), ("queries", queries)):
        check_finite(**{name: rows.data if issparse(rows) else rows})

    def weights(distances):
        # On the unit sphere cosine = 1 - distance² / 2; the factor common to
        # all votes of a query is left out, counted from its nearest row so
        # that no query loses all its votes to underflow.
        squared = distances**2
        return np.exp(
            (squared.min(axis=1, keepdims=True) - squared) / (2 * temperature)
        )

    # Euclidean on unit rows orders as the cosine does, and is the metric for
    # which scikit-learn has a blocked float32 search.
    voter = KNeighborsClassifier(
        n_neighbors=min(k, np.shape(features)[0]), weights=weights, algorithm="brute"
    )
    voter.fit(_unit_rows(features), np.asarray(labels))
    return voter.predict(_unit_rows(queries))


def _unit_rows(features):
    from scipy.sparse import issparse

    if issparse(features):
        from sklearn.preprocessing import normalize

        return normalize(features.astype("float32"))
    features = np.asarray(features, dtype="float32")
    length = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.maximum(length, 1e-12)
