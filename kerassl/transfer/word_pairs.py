"""Word similarity as a measure: word vectors beside PPMI-SVD and random ones."""

import numpy as np

from kerassl.checks import check_integer
from kerassl.transfer.copies import random_weights
from kerassl.transfer.correlations import (
    Correlations,
    part_differences,
    random_row,
    row_of,
)
from kerassl.transfer.inputs.ppmi import ppmi_svd
from kerassl.transfer.measure import Measure
from kerassl.transfer.perplexity import drawn_texts
from kerassl.transfer.similarity import checked_pairs, rank_correlation
from kerassl.transfer.word_vectors import WordVectors

# Texts that PPMI counts, at most, and how many are tokenised at once.
COUNTED_TEXTS, TOGETHER = 200_000, 512
PPMI = "PPMI-SVD"


class WordSimilarity(Measure):
    """Measures how cosines of word vectors follow people's scores of pairs of words.

    Beside them stand vectors by counting, the SVD of PPMI in the same texts with the
    same words, window and dimension, and random vectors. Pairs of which a word is
    unknown are left out. The verdict is against PPMI-SVD; its interval is over ten
    equal parts of the pairs, drawn with the seed.

    Args:
        pairs: Sequence of pairs of words, of which 30 are known or more.
        scores: People's similarity scores, one a pair, any scale.
        draws: Random vectors that are measured, at least 1.

    Raises:
        ValueError: If not as many scores as pairs are given, or `draws` < 1; in a
            call, if too few pairs are known.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> texts = ["a b c d e f g h i", "i h g f e d c b a"] * 3
        >>> tokenizer = data.train_tokenizer(texts, "word")
        >>> encoder = encoders.word_vectors(tokenizer.vocabulary_size(), dim=8)
        >>> task = models.SkipGram(encoder, pretext.ContextWindow(tokenizer, 16))
        >>> pairs = [(a, b) for a in "abcdefghi" for b in "abcdefghi" if a < b]
        >>> scores = [ord(a) - ord(b) for a, b in pairs]
        >>> source = data.ArraySource(texts)
        >>> found = WordSimilarity(pairs, scores)(task, source, source)
        >>> [row["encoder"] for row in found.rows]
        ['pretrained', 'PPMI-SVD', 'random']

    References:
        Finkelstein et al., 2002, Placing Search in Context; Levy, Goldberg & Dagan,
        2015, https://aclanthology.org/Q15-1016
    """

    name = "word_similarity"
    heading = "Word similarity:"

    def __init__(self, pairs, scores, *, draws: int = 3):
        self.pairs, self.scores = checked_pairs(pairs, scores)
        check_integer("draws", draws, least=1)
        self.draws = draws

    def __call__(self, task, train, test, *, seed=0, progress=True):
        vectors = WordVectors.of(task)
        cosines = vectors.cosines(self.pairs)
        known = np.isfinite(cosines)
        cosines, scores = cosines[known], self.scores[known]
        counted = self._cosines(vectors, counted_vectors(task, train, seed))[known]
        random = [
            rank_correlation(self._cosines(vectors, drawn)[known], scores)
            for drawn in self._random(task, seed)
        ]
        # First, as it refuses too few pairs.
        differences = part_differences(cosines, counted, scores, seed)
        return Correlations(
            [
                row_of("pretrained", rank_correlation(cosines, scores)),
                row_of(PPMI, rank_correlation(counted, scores)),
                random_row(random),
            ],
            f"Spearman's rank correlation over {len(scores):,} of {len(known):,} pairs "
            f"whose words are known; {self.draws} draws of random vectors.",
            differences,
            PPMI,
        )

    def left_out(self, task, test):
        if hasattr(task, "word_embedding") and hasattr(task.pretext, "word_counts"):
            return None
        return "it needs a table of word vectors with its tokenizer"

    def _cosines(self, vectors, table):
        return WordVectors(vectors.words, table).cosines(self.pairs)

    def _random(self, task, seed):
        """Yields tables of words at random initialisation."""
        places = np.flatnonzero(task.pretext.word_counts())
        for draw in range(self.draws):
            (table,) = random_weights(task.encoder, seed + draw)
            yield table[places]


def counted_vectors(task, source, seed: int = 0):
    """Returns vectors of a task's words by counting in texts alone.

    Args:
        task: A `kerassl.models.SkipGram` or `CBOW`, whose tokenizer, window and
            dimension are taken.
        source: A `kerassl.data.Source` of texts.
        seed: Integer, seeds the SVD's solver.

    Returns:
        Float32 array (words, dim), the words as those of `WordVectors.of(task)`.
    """
    counts, tokenizer = task.pretext.word_counts(), task.pretext.tokenizer
    places = np.flatnonzero(counts)
    number = np.full(len(counts), -1, "int32")
    number[places] = np.arange(len(places))
    texts, rows = drawn_texts(source, COUNTED_TEXTS), []
    for begin in range(0, len(texts), TOGETHER):
        for ids in tokenizer(texts[begin : begin + TOGETHER]):
            row = number[np.asarray(ids, "int32")]
            rows.append(row[row >= 0])
    dim, window = task.word_embedding.output_dim, task.pretext.window
    return ppmi_svd(rows, len(places), dim=dim, window=window, seed=seed)
