"""Texts as they are: TF-IDF, naive Bayes on counts, averaged word vectors."""

import itertools

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.transfer.inputs.averaged import averaged_vectors
from kerassl.transfer.inputs.features import InputFeatures
from kerassl.transfer.inputs.streaming import arrays_of
from kerassl.transfer.inputs.word_counts import Terms
from kerassl.transfer.inputs.words import is_unspaced, numbered, word_rows

# Texts by which it is told whether words have blanks between them.
LOOKED_AT = 1000
# What naive Bayes may add to each count, and what it does where nothing can be chosen.
ADDED, USUALLY_ADDED = (0.01, 0.03, 0.1, 0.3, 1.0), 0.1
# Parts of the labelled texts, on each of which the others' counts are tried.
FOLDS = 5


def texts(train, test, *, seed: int = 0) -> list[InputFeatures]:
    """Returns TF-IDF, counts for naive Bayes and averaged word vectors of texts.

    Words are in lower case, punctuation counts as words, and so does each character
    of scripts without blanks between words, such as Chinese; where most letters are
    of these, the names say "characters".

    TF-IDF is of words and pairs of neighbours that are in two training texts or more,
    at most 20,000 of each, with 1 + ln(tf) and rows of length 1. Naive Bayes is on
    the counts of the same (`naive_bayes`), word vectors are those of
    `averaged_vectors`. All is counted on the training texts, without their labels.

    Args:
        train: `kerassl.data.Source` of strings.
        test: The same.
        seed: Integer, seeds the word vectors.

    Returns:
        List of three `InputFeatures`.

    Raises:
        ValueError: If examples are no strings, or no training text has a word.

    Example:
        >>> from kerassl.data import ArraySource
        >>> train = ArraySource(["a red cat", "a red dog", "the dog"])
        >>> [each.name for each in texts(train, ArraySource(["a cat"]))]
        ['TF-IDF', 'word counts', 'averaged word vectors']

    References:
        Spärck Jones, 1972, https://doi.org/10.1108/eb026526
        Wang & Manning, 2012, https://aclanthology.org/P12-2018
    """
    some = list(itertools.islice(_strings(train, "train"), LOOKED_AT))
    of, unit = (" of characters", "character") if is_unspaced(some) else ("", "word")
    rows, words = word_rows(_strings(train, "train"))
    if not words:
        raise InvalidValue(f"`train` must hold words. Received: {some[:1]}")
    rows_test = numbered(_strings(test, "test"), words)
    terms = Terms.of(rows, len(words))
    counts = terms.counted(rows), terms.counted(rows_test)
    weighted = _tf_idf(*counts)
    means = averaged_vectors(rows, (rows, rows_test), len(words), seed=seed)
    by_itself = {"naive Bayes": naive_bayes}
    return [
        _features(f"TF-IDF{of}", weighted),
        _features(f"{unit} counts", counts, methods=(), classifiers=by_itself),
        _features(f"averaged {unit} vectors", means),
    ]


def naive_bayes(x, y, x_test):
    """Returns the labels that multinomial naive Bayes tells.

    It reads the terms that its labelled texts have. What is added to their counts is
    chosen from 0.01 to 1 by cross-validation on the labelled texts, in five parts,
    fewer where the smallest class has fewer texts; with one text it is 0.1.

    Args:
        x: Counts of the labelled texts, a sparse array (texts, terms).
        y: Vector of their labels.
        x_test: Counts of the texts to tell, likewise.

    Example:
        >>> from scipy.sparse import csr_array
        >>> x = csr_array(np.array([[2, 0, 1], [0, 3, 1]]))
        >>> naive_bayes(x, np.array([4, 7]), csr_array(np.array([[0, 1, 1]])))
        array([7])
    """
    from sklearn.model_selection import StratifiedKFold
    from sklearn.naive_bayes import MultinomialNB

    # A term that no labelled text has tells classes apart by their lengths alone.
    seen = np.flatnonzero(np.asarray(x.sum(axis=0)).ravel())
    x, x_test, y = x[:, seen], x_test[:, seen], np.asarray(y)
    models = [MultinomialNB(alpha=added) for added in ADDED]
    best = MultinomialNB(alpha=USUALLY_ADDED)
    folds = min(FOLDS, int(np.unique(y, return_counts=True)[1].min()))
    if folds > 1:
        right = np.zeros(len(models))
        parts = StratifiedKFold(folds, shuffle=True, random_state=0).split(x, y)
        for kept, held in parts:
            told = [m.fit(x[kept], y[kept]).predict(x[held]) for m in models]
            right += [np.count_nonzero(found == y[held]) for found in told]
        best = models[int(np.argmax(right))]
    return best.fit(x, y).predict(x_test)


def _features(name, parts, **options):
    return InputFeatures(name, parts[0], parts[1], standardise=False, **options)


def _tf_idf(counts, counts_test):
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import TfidfTransformer

    weights = TfidfTransformer(sublinear_tf=True).fit(counts)
    return [csr_array(weights.transform(part)) for part in (counts, counts_test)]


def _strings(source, name):
    for batch in arrays_of(source):
        if not hasattr(batch, "dtype") or batch.dtype != object or batch.ndim != 1:
            raise InvalidValue(
                f"`{name}` must hold strings. Received: a batch of "
                f"{getattr(batch, 'dtype', type(batch).__name__)}"
            )
        yield from (text.decode("utf-8", "replace") for text in batch)
