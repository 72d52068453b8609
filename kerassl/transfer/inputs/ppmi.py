"""Word vectors by counting: PPMI with context smoothing, and its SVD."""

from collections.abc import Sequence

import numpy as np

from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidValue

# Below so many words the whole SVD is quicker than some of it.
FEW_WORDS = 200


def ppmi_svd(
    rows: Sequence[np.ndarray],
    vocabulary_size: int,
    *,
    dim: int = 100,
    window: int = 5,
    smoothing: float = 0.75,
    eigenvalue_weighting: float = 0.5,
    shift: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Returns word vectors by an SVD of shifted positive PMI.

    What skip-gram learns by its steps is had here by counting, in seconds: the matrix
    that skip-gram with negative samples factorises implicitly is written down and
    factorised. The defaults are what the second paper below recommends.

    Args:
        rows: Integer arrays, one for each text: the numbers of its words, each in
            [0, vocabulary_size). No window reaches across texts.
        vocabulary_size: Number of words.
        dim: Dimension of the vectors.
        window: Words on either side that are a word's contexts. One at distance d
            counts (window - d + 1) / window times, as skip-gram's random windows make
            it in the mean.
        smoothing: Power of the contexts' frequencies, above 0, which makes rare
            contexts less surprising; 1 for none.
        eigenvalue_weighting: Power of the singular values, from 0 to 1.
        shift: Skip-gram's number of negative samples, at least 1, whose logarithm
            is taken off each PMI.
        seed: Integer, seeds the solver's first vector.

    Returns:
        Float32 array (vocabulary_size, dim), with fewer columns where there are
        fewer words; 0 for a word without contexts. Not normalised.

    Raises:
        ValueError: If an argument is out of range, or a row holds other numbers.

    Example:
        >>> rows = [np.array([0, 1, 0, 1]), np.array([2, 3, 2, 3])]
        >>> vectors = ppmi_svd(rows, 4, dim=2, window=1)
        >>> bool(vectors[0] @ vectors[1] < 1e-6), bool(vectors[0] @ vectors[0] > 0.1)
        (True, True)

    References:
        Levy & Goldberg, 2014, Neural Word Embedding as Implicit Matrix
        Factorization, https://papers.nips.cc/paper/5477
        Levy, Goldberg & Dagan, 2015, Improving Distributional Similarity with Lessons
        Learned from Word Embeddings, https://aclanthology.org/Q15-1016
    """
    check_integer("vocabulary_size", vocabulary_size, least=1)
    check_integer("dim", dim, least=1)
    check_integer("window", window, least=1)
    check_number("smoothing", smoothing, above=0)
    check_number("eigenvalue_weighting", eigenvalue_weighting, least=0, most=1)
    check_number("shift", shift, least=1)
    counts = cooccurrences(rows, vocabulary_size, window)
    weighed = ppmi(counts, smoothing=smoothing, shift=shift)
    left, values = _decomposed(weighed, min(dim, vocabulary_size), seed)
    # A value of 0 has a vector of no meaning, and its power 0 would be 1.
    left = left * (values > 1e-9 * values.max(initial=0.0))
    return (left * values**eigenvalue_weighting).astype("float32")


def cooccurrences(rows: Sequence[np.ndarray], vocabulary_size: int, window: int):
    """Returns how often words stand near each other, weighted by distance.

    Args:
        rows: As in `ppmi_svd`, as are the others.
        vocabulary_size: See `rows`.
        window: See `rows`.

    Returns:
        Symmetric `scipy.sparse.csr_array` of float64 (words, contexts).

    Example:
        >>> cooccurrences([np.array([0, 1, 2])], 3, window=2).toarray()
        array([[0. , 1. , 0.5],
               [1. , 0. , 1. ],
               [0.5, 1. , 0. ]])
    """
    from scipy.sparse import coo_array, csr_array

    rows = [np.asarray(row) for row in rows]
    flat = np.concatenate([np.empty(0, "int32"), *rows])
    if flat.dtype.kind not in "iu":
        raise InvalidValue(f"`rows` must hold integers. Received dtype: {flat.dtype}")
    if len(flat) and not 0 <= flat.min() <= flat.max() < vocabulary_size:
        raise InvalidValue(
            f"`rows` must hold numbers from 0 to below {vocabulary_size}. Received "
            f"numbers from {flat.min()} to {flat.max()}"
        )
    text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    shape = (vocabulary_size, vocabulary_size)
    total = csr_array(shape, dtype="float64")
    for distance in range(1, window + 1):
        same = text[:-distance] == text[distance:]
        pairs = flat[:-distance][same], flat[distance:][same]
        weights = np.full(len(pairs[0]), (window - distance + 1) / window)
        total = total + coo_array((weights, pairs), shape=shape).tocsr()
    return (total + total.T).tocsr()


def ppmi(counts, *, smoothing: float = 0.75, shift: float = 1.0):
    """Returns shifted positive PMI of counts of co-occurrence.

    Args:
        counts: Sparse array (words, contexts).
        smoothing: As in `ppmi_svd`, as is the other.
        shift: See `smoothing`.

    Returns:
        `scipy.sparse.csr_array`, in nats.

    Example:
        >>> from scipy.sparse import csr_array
        >>> counts = csr_array(np.array([[0.0, 2.0], [2.0, 0.0]]))
        >>> ppmi(counts, smoothing=1.0).toarray().round(3)
        array([[0.   , 0.693],
               [0.693, 0.   ]])
    """
    from scipy.sparse import coo_array

    found = counts.tocoo()
    words, contexts = found.coords
    of_word, of_context = (np.asarray(counts.sum(axis)).ravel() for axis in (1, 0))
    smoothed = of_context**smoothing
    told = found.data * smoothed.sum() / (of_word[words] * smoothed[contexts])
    values = np.log(told) - np.log(shift)
    kept = values > 0
    pairs = words[kept], contexts[kept]
    return coo_array((values[kept], pairs), shape=counts.shape).tocsr()


def _decomposed(matrix, dim, seed):
    """Returns the left singular vectors and values, from the largest down."""
    from scipy.sparse.linalg import svds

    size = matrix.shape[0]
    if matrix.nnz == 0:
        return np.zeros((size, dim)), np.zeros(dim)
    if size <= FEW_WORDS or dim >= size - 1:
        left, values, _ = np.linalg.svd(matrix.toarray())
        left, values = left[:, :dim], values[:dim]
    else:
        first = np.random.default_rng(seed).standard_normal(size)
        left, values, _ = svds(matrix, k=dim, v0=first, return_singular_vectors="u")
        left, values = left[:, ::-1], values[::-1]
    # An SVD leaves signs open: the largest entry of each axis is made positive.
    largest = left[np.abs(left).argmax(0), np.arange(dim)]
    return left * np.where(largest < 0, -1, 1), values
