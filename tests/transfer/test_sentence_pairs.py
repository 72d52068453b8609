import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.feature_extraction.text import TfidfVectorizer

from kerassl import data, encoders, models, pretext
from kerassl.errors import InvalidValue
from kerassl.transfer.sentence_pairs import SentenceSimilarity
from kerassl.transfer.similarity import sentence_similarity

WORDS = [a + b for a in ("ba", "ne", "ti") for b in ("mo", "ru", "ska", "lor")]
RANDOM = np.random.default_rng(0)
TEXTS = [" ".join(RANDOM.choice(WORDS, 5)) for _ in range(80)]
PAIRS = list(zip(TEXTS[:40], TEXTS[40:], strict=True))
SOURCE = data.ArraySource(TEXTS)


def shared(pair):
    a, b = (set(text.split()) for text in pair)
    return len(a & b)


SCORES = [shared(pair) for pair in PAIRS]


def task_of(table):
    """Returns a task whose words have these vectors: a function from their number."""
    tokenizer = data.train_tokenizer(TEXTS, "word", min_count=1)
    size = tokenizer.vocabulary_size()
    encoder = encoders.word_vectors(size, dim=size, word_dropout=0.1)
    encoder.get_layer("token_embedding").set_weights([table(size)])
    return models.SimCSE(encoder, pretext.Tokens(tokenizer, 8), pooler="mean")


def test_controls_and_verdict():
    task = task_of(lambda size: np.diag(np.arange(size) > 4).astype("float32"))
    found = SentenceSimilarity(PAIRS, SCORES, draws=2)(task, SOURCE, SOURCE, seed=3)
    rows = {row["encoder"]: row for row in found.rows}
    # One vector a word, at right angles: the cosine counts the words in common.
    rho = sentence_similarity(task.encoder, task.pretext, PAIRS, SCORES)
    assert rows["pretrained"]["spearman"] == pytest.approx(rho)
    assert rho > 0.8
    a, b = (
        TfidfVectorizer(token_pattern=r"(?u)\w+").fit(TEXTS).transform(side)
        for side in zip(*PAIRS, strict=True)
    )
    cosines = [(x @ y.T).toarray().item() for x, y in zip(a, b, strict=True)]
    expected = spearmanr(cosines, SCORES).statistic
    assert rows["TF-IDF of words"]["spearman"] == pytest.approx(expected)
    assert rows["random"]["spearman"] > 0.5  # at random, words still are words
    assert rows["random"]["std"] > 0
    # Against the better of the two.
    names = ("TF-IDF of words", "TF-IDF of letters")
    best = max(names, key=lambda name: rows[name]["spearman"])
    assert found.verdict.against == f"with {best}"
    assert len(found.differences) == 10


def test_an_encoder_that_knows_less_is_not_better():
    worse = task_of(lambda size: np.eye(size, k=1, dtype="float32") + 3)
    found = SentenceSimilarity(PAIRS, SCORES, draws=1)(worse, SOURCE, SOURCE)
    assert not found.verdict.better
    assert found.to_markdown().startswith(found.verdict.sentence)


def test_pooling_of_ones_own():
    task = task_of(lambda size: np.diag(np.arange(size) > 4).astype("float32") + 0.1)
    first = SentenceSimilarity(PAIRS, SCORES, pooling="cls", draws=1)
    with pytest.raises(InvalidValue, match="similarities must differ"):
        first(task, SOURCE, SOURCE)  # the first token is the same everywhere


def test_arguments_are_checked():
    with pytest.raises(InvalidValue, match="at least 30 pairs. Received: 29"):
        SentenceSimilarity(PAIRS[:29], SCORES[:29])
    with pytest.raises(InvalidValue, match="`draws`"):
        SentenceSimilarity(PAIRS, SCORES, draws=0)
    with pytest.raises(InvalidValue, match="`pairs` and `scores`"):
        SentenceSimilarity(PAIRS, SCORES[1:])


def test_it_needs_texts():
    encoder = encoders.dense((8, 8, 1), hidden_dims=(4,))
    task = models.Autoencoder(encoder, pretext.Reconstruct())
    reason = SentenceSimilarity(PAIRS, SCORES).left_out(task, None)
    assert "needs a text encoder" in reason
