import numpy as np
import pytest

from kerassl import data, encoders, models, pretext
from kerassl.errors import InvalidValue
from kerassl.transfer.inputs.ppmi import ppmi_svd
from kerassl.transfer.word_pairs import WordSimilarity, counted_vectors
from kerassl.transfer.word_vectors import WordVectors

COLOURS, ANIMALS = ["red", "green", "blue", "white"], ["cat", "dog", "bird", "horse"]
PLACES = ["field", "town", "river", "hill"]
RANDOM = np.random.default_rng(0)
TEXTS = [
    "the {} {} , in the {}".format(*(RANDOM.choice(k) for k in kinds))
    for kinds in [(COLOURS, ANIMALS, PLACES)] * 300
]
SOURCE = data.ArraySource(TEXTS)
KIND = {w: i for i, k in enumerate((COLOURS, ANIMALS, PLACES)) for w in k}
PAIRS = [(a, b) for a in KIND for b in KIND if a < b]
SCORES = [KIND[a] == KIND[b] for a, b in PAIRS]


@pytest.fixture
def task():
    tokenizer = data.train_tokenizer(TEXTS, "word")
    encoder = encoders.word_vectors(tokenizer.vocabulary_size(), dim=6)
    window = pretext.ContextWindow(tokenizer, 32, window=3, subsampling=0)
    return models.SkipGram(encoder, window)


def test_counting_is_that_of_the_tasks_words(task):
    found = counted_vectors(task, SOURCE)
    words = WordVectors.of(task).words
    rows = [[words.index(w) for w in text.split() if w in words] for text in TEXTS]
    rows = [np.array(row) for row in rows]
    expected = ppmi_svd(rows, len(words), dim=6, window=3)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_known_vectors_beside_their_controls(task):
    layer = task.encoder.get_layer("token_embedding")
    (table,) = layer.get_weights()
    for word, kind in KIND.items():
        place = task.pretext.tokenizer.token_to_id(word)
        table[place] = np.eye(6)[kind] + 1e-3 * table[place]
    pairs, scores = [*PAIRS, ("red", "zzz")], [*SCORES, 1]
    layer.set_weights([table])
    found = WordSimilarity(pairs, scores)(task, SOURCE, SOURCE)
    rows = {row["encoder"]: row["spearman"] for row in found.rows}
    assert list(rows) == ["pretrained", "PPMI-SVD", "random"]
    assert rows["pretrained"] > 0.7 and rows["PPMI-SVD"] > 0.5
    assert abs(rows["random"]) < 0.3
    assert f"{len(PAIRS)} of {len(pairs)} pairs" in found.caption
    assert found.verdict.against == "with PPMI-SVD"


def test_what_it_needs(task):
    with pytest.raises(InvalidValue, match="at least 30 pairs that are known"):
        WordSimilarity(PAIRS[:29], SCORES[:29])(task, SOURCE, SOURCE)
    with pytest.raises(InvalidValue, match="`draws`"):
        WordSimilarity(PAIRS, SCORES, draws=0)
    simcse = models.SimCSE(
        task.encoder, pretext.Tokens(task.pretext.tokenizer, 8), pooler="mean"
    )
    measure = WordSimilarity(PAIRS, SCORES)
    assert measure.left_out(task, None) is None
    assert "needs a table of word vectors" in measure.left_out(simcse, None)
