"""Sentence similarity as a measure: an encoder beside TF-IDF and random weights."""

import numpy as np

from kerassl import distribute
from kerassl.checks import check_integer
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.transfer.copies import copy_of, random_weights
from kerassl.transfer.correlations import (
    LEAST_OF_PART,
    PARTS,
    Correlations,
    part_differences,
    random_row,
    row_of,
)
from kerassl.transfer.measure import Measure
from kerassl.transfer.perplexity import drawn_texts
from kerassl.transfer.similarity import checked_pairs, pair_cosines, rank_correlation

# Texts that TF-IDF counts, at most.
COUNTED_TEXTS = 200_000
# What TF-IDF counts: words, or the letters of words in threes and fours.
TFIDF = {
    "TF-IDF of words": {"token_pattern": r"(?u)\w+"},
    "TF-IDF of letters": {"analyzer": "char_wb", "ngram_range": (3, 4)},
}


class SentenceSimilarity(Measure):
    """Measures how cosines of sentence vectors follow people's scores of pairs.

    Nothing is trained, and no score is used but to measure. Beside the encoder stand
    the cosines of TF-IDF, of words and of letters, counted on the training texts, and
    the same encoder with random weights. The verdict is against the better TF-IDF;
    its interval is over ten equal parts of the pairs, drawn with the seed.

    Args:
        pairs: Sequence of pairs of sentences, at least 30.
        scores: People's similarity scores, one a pair, any scale.
        pooling: As in `kerassl.encoders.pool`; None takes the task's own
            `sentence_encoder` where it has one, and else the mean of the tokens.
        draws: Random weights that are measured, at least 1.

    Raises:
        ValueError: If there are too few pairs, or as many scores as pairs are not
            given, or an option is out of range.

    Example:
        >>> import keras_hub
        >>> from kerassl import data, models, pretext
        >>> texts = [f"{a} {b} {c}" for a in "uvw" for b in "xyz" for c in "abcd"]
        >>> tokenizer = data.train_tokenizer(texts, vocabulary_size=15)
        >>> encoder = keras_hub.models.BertBackbone(
        ...     tokenizer.vocabulary_size(), 1, 2, 8, 16)
        >>> task = models.SimCSE(encoder, pretext.Tokens(tokenizer), pooler="mean")
        >>> pairs = list(zip(texts, texts[7:] + texts[:7]))
        >>> scores = [len(set(a.split()) & set(b.split())) for a, b in pairs]
        >>> source = data.ArraySource(texts)
        >>> found = SentenceSimilarity(pairs, scores, draws=1)(task, source, source)
        >>> [row["encoder"] for row in found.rows]
        ['pretrained', 'TF-IDF of words', 'TF-IDF of letters', 'random']

    References:
        Cer et al., 2017, https://arxiv.org/abs/1708.00055; Spärck Jones, 1972,
        https://doi.org/10.1108/eb026526
    """

    name = "sentence_similarity"
    heading = "Sentence similarity:"

    def __init__(self, pairs, scores, *, pooling: str | None = None, draws: int = 3):
        self.pairs, self.scores = checked_pairs(pairs, scores)
        if len(self.pairs) < PARTS * LEAST_OF_PART:
            raise InvalidValue(
                f"`pairs` must hold at least {PARTS * LEAST_OF_PART} pairs. "
                f"Received: {len(self.pairs)}"
            )
        check_integer("draws", draws, least=1)
        self.pooling, self.draws = pooling, draws

    def __call__(self, task, train, test, *, seed=0, progress=True):
        distribute.read_state(task)
        texts = drawn_texts(train, COUNTED_TEXTS)
        model = self._model(task)
        cosines = pair_cosines(model, task.pretext, self.pairs)
        found = rank_correlation(cosines, self.scores)
        inputs = {
            name: tfidf_cosines(self.pairs, texts, kind) for name, kind in TFIDF.items()
        }
        rows = {name: rank_correlation(c, self.scores) for name, c in inputs.items()}
        best = max(rows, key=rows.get)
        random = list(self._random(task, model, seed))
        return Correlations(
            [
                row_of("pretrained", found),
                *(row_of(name, spearman) for name, spearman in rows.items()),
                random_row(random),
            ],
            f"Spearman's rank correlation over {len(self.pairs):,} pairs; TF-IDF of "
            f"{len(texts):,} training texts; {self.draws} draws of random weights.",
            part_differences(cosines, inputs[best], self.scores, seed),
            best,
        )

    def left_out(self, task, test):
        if getattr(task.pretext, "tokenizer", None) is None:
            return "it needs a text encoder with its tokenizer"
        return None

    def _model(self, task):
        """Returns the model from the encoder's inputs to sentence vectors."""
        if self.pooling is None and hasattr(task, "sentence_encoder"):
            return task.sentence_encoder()
        return feature_model(task.encoder, self.pooling or "mean")

    def _random(self, task, model, seed):
        """Yields the correlations of random weights."""
        copy = copy_of(model)
        for draw in range(self.draws):
            copy.set_weights(random_weights(copy, seed + draw))
            cosines = pair_cosines(copy, task.pretext, self.pairs)
            yield rank_correlation(cosines, self.scores)


def tfidf_cosines(pairs, texts, kind) -> np.ndarray:
    """Returns the cosines between the TF-IDF vectors of pairs of sentences.

    Args:
        pairs: Sequence of pairs of strings.
        texts: Strings in which words are counted; words that none has count nothing.
        kind: Arguments of scikit-learn's `TfidfVectorizer`.

    Returns:
        Float array (pairs,), 0 for a sentence of unknown words alone.

    Example:
        >>> tfidf_cosines([("a cat", "a cat"), ("a cat", "the hat")],
        ...     ["a cat", "the hat"], TFIDF["TF-IDF of words"]).round(3)
        array([1., 0.])
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    counted = TfidfVectorizer(**kind).fit(texts)
    first, second = (
        counted.transform([pair[side] for pair in pairs]) for side in (0, 1)
    )
    return np.asarray(first.multiply(second).sum(axis=1)).ravel()
