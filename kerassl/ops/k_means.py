"""Pseudo-labels: k-means over the features of all examples."""

import warnings

import numpy as np

ITERATIONS = 20  # as in the authors' code
# Directions whose variance is a smaller share of the largest hold little but
# rounding, which whitening would blow up.
LEAST_VARIANCE = 1e-9


def cluster(features, num_clusters: int, pca_dim: int | None, seed):
    """Returns the cluster of each example, a function of its arguments alone.

    The features are reduced by PCA, whitened and brought to length 1, then
    clustered by k-means from random examples. Clusters that are empty in the
    end are filled (`fill_empty_clusters`). All of it runs on one thread: with
    several, the order of sums and with it a label could change.

    Args:
        features: Float array (examples, dim), finite.
        num_clusters: The k of k-means, from 1 to `examples`.
        pca_dim: Dimensions that PCA keeps at most, or None for all.
        seed: What `numpy.random.default_rng` takes.

    Returns:
        int64 array (examples,), each label in [0, num_clusters).

    Example:
        >>> features = np.repeat(np.eye(3), 5, axis=0)
        >>> labels = cluster(features, 3, None, seed=0)
        >>> [len(set(labels[i : i + 5])) for i in (0, 5, 10)], len(set(labels))
        ([1, 1, 1], 3)

    Reference:
        Caron et al., 2018, section 3.3, https://arxiv.org/abs/1807.05520
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    random = np.random.default_rng(seed)
    with threadpool_limits(1), warnings.catch_warnings():
        rows = whitened(features, pca_dim)
        # It says that clusters are empty; they are filled below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(
            num_clusters,
            init="random",
            n_init=1,
            max_iter=ITERATIONS,
            random_state=int(random.integers(2**31)),
        ).fit(rows)
    labels = found.labels_.astype(np.int64)
    return fill_empty_clusters(rows, labels, num_clusters, random)


def whitened(features, pca_dim: int | None = None):
    """Returns the features PCA-reduced, whitened and brought to length 1.

    Args:
        features: Float array (examples, dim).
        pca_dim: Dimensions to keep at most, those of the largest variance, or
            None for all.

    Returns:
        float32 array (examples, at most pca_dim).

    Example:
        >>> rows = whitened([[0.0, 1.0], [0.0, -1.0], [9.0, 0.0], [-9.0, 0.0]])
        >>> np.abs(rows @ rows.T).round(3).tolist()[0]
        [1.0, 1.0, 0.0, 0.0]
    """
    features = np.asarray(features, np.float64)
    centred = features - features.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    order = np.argsort(variances)[::-1][:pca_dim]
    # One direction stays where all features are equal.
    order = order[variances[order] >= LEAST_VARIANCE * variances.max()]
    scale = np.sqrt(np.maximum(variances[order], 1e-30))
    rows = centred @ (directions[:, order] / scale)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(length, 1e-12)).astype(np.float32)


def fill_empty_clusters(rows, labels, num_clusters: int, random):
    """Returns labels in which every cluster has an example, where possible.

    For an empty cluster another is drawn at random; its centre, moved a
    little in a random direction, becomes the centre of the empty one, and the
    drawn cluster's examples go to the nearer of the two. Examples whose rows
    are equal stay together, so with fewer different rows than clusters some
    clusters stay empty.

    Args:
        rows: Float array (examples, dim).
        labels: Integer array (examples,), each in [0, num_clusters).
        num_clusters: Number of clusters.
        random: A `numpy.random.Generator`.

    Returns:
        Integer array (examples,).

    Example:
        >>> rows = np.arange(4.0)[:, None]
        >>> labels = fill_empty_clusters(
        ...     rows, np.array([0, 0, 0, 0]), 2, np.random.default_rng(0)
        ... )
        >>> np.bincount(labels).tolist()
        [2, 2]

    Reference:
        Caron et al., 2018, section 3.2, https://arxiv.org/abs/1807.05520
    """
    labels = labels.copy()
    for empty in np.flatnonzero(np.bincount(labels, minlength=num_clusters) == 0):
        sizes = np.bincount(labels, minlength=num_clusters)
        for donor in random.permutation(np.flatnonzero(sizes > 1)):
            members = np.flatnonzero(labels == donor)
            offsets = rows[members] - rows[members].mean(axis=0)
            # Nearer to centre + e d than to centre - e d, for any small e.
            nearer = offsets @ random.standard_normal(rows.shape[1]) > 0
            if nearer.any() and not nearer.all():
                labels[members[nearer]] = empty
                break
    return labels
