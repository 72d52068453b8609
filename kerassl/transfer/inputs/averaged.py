"""Means of the vectors of a text's words."""

from collections.abc import Sequence

import numpy as np

from kerassl.transfer.inputs.ppmi import ppmi_svd

DIM, WINDOW = 100, 10
# Rarer words have no vector, nor have those beyond so many.
MIN_COUNT, MOST_WORDS = 3, 50_000
# Words of which the vectors are made, at most.
MOST_READ = 10_000_000
# The paper's a: words of a greater share than this weigh less.
RARE = 1e-3


def averaged_vectors(
    rows: Sequence[np.ndarray],
    parts: Sequence[Sequence[np.ndarray]],
    vocabulary_size: int,
    *,
    seed: int = 0,
) -> list[np.ndarray]:
    """Returns the weighted means of word vectors, for each text of some parts.

    Word vectors of 100 dimensions are made from the texts themselves by counting (see
    `ppmi_svd`), of words that occur three times or more, at most 50,000, in at most
    10 million words of text, of more a draw of texts. In the mean a word weighs
    a / (a + its share of all words), a being 0.001, as the paper has it. The mean of
    the first part is taken off all, and all are divided by one number, so that in the
    mean its rows have the squared length 1, as those of TF-IDF have.

    The paper takes off the first principal component too. On validation data, topics
    of articles and sentiment of sentences, that lost 2 points of accuracy, and is left
    out; windows of 10 words to either side were as good as or better than 2 and 5.

    Args:
        rows: Integer arrays, one for each text to count: the numbers of its words,
            the more frequent a word the smaller.
        parts: Lists of such rows, which may hold -1 for unknown words, to be averaged;
            the first are the training texts.
        vocabulary_size: Number of words.
        seed: Integer, seeds the draw and the vectors.

    Returns:
        List with a float32 array (texts, dim) for each part. A text without a word
        that has a vector is all the mean, 0 before it is taken off.

    Example:
        >>> rows = [np.array([0, 1, 0, 2])] * 3 + [np.array([3, 2])] * 3
        >>> found, = averaged_vectors(rows, [rows], 4)
        >>> found.shape, bool(found[0] @ found[5] < 0)
        ((6, 4), True)

    Reference:
        Arora et al., 2017, A Simple but Tough-to-Beat Baseline for Sentence
        Embeddings, https://openreview.net/forum?id=SyK00v5xx
    """
    rng = np.random.default_rng(seed)
    counts = np.bincount(
        np.concatenate([np.empty(0, "int64"), *rows]), minlength=vocabulary_size
    )
    known = max(1, min(MOST_WORDS, int((counts >= MIN_COUNT).sum())))
    read = _some(rows, rng)
    vectors = ppmi_svd(
        [row[row < known] for row in read], known, dim=DIM, window=WINDOW, seed=seed
    )
    share = counts[:known] / max(1, counts.sum())
    weighed = vectors * (RARE / (RARE + share))[:, None]
    made = [_means(part, weighed) for part in parts]
    mean = made[0].mean(axis=0)
    scale = np.sqrt(made[0].var(axis=0).sum()) or 1.0
    return [((part - mean) / scale).astype("float32") for part in made]


def _some(rows, rng):
    """Returns texts of about as many words as are read, drawn where there are more."""
    order = rng.permutation(len(rows))
    sizes = np.cumsum([len(rows[i]) for i in order])
    if sizes[-1] <= MOST_READ:
        return rows
    return [rows[i] for i in order[: 1 + np.searchsorted(sizes, MOST_READ)]]


def _means(rows, weighed):
    """Returns the mean of the rows' vectors, over the words that have one."""
    from scipy.sparse import coo_array

    flat = np.concatenate([np.empty(0, "int64"), *rows])
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    has = (flat >= 0) & (flat < len(weighed))
    pairs = owners[has], flat[has]
    shape = len(rows), len(weighed)
    counts = coo_array((np.ones(len(pairs[0])), pairs), shape=shape).tocsr()
    lengths = np.bincount(owners[has], minlength=len(rows))
    return (counts @ weighed) / np.maximum(lengths, 1)[:, None]
