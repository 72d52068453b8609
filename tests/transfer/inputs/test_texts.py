"""What is known of texts without an encoder, beside scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.naive_bayes import MultinomialNB

from kerassl.data import ArraySource
from kerassl.transfer.inputs import inputs_of
from kerassl.transfer.inputs.averaged import averaged_vectors
from kerassl.transfer.inputs.ppmi import ppmi_svd
from kerassl.transfer.inputs.texts import naive_bayes
from kerassl.transfer.inputs.word_counts import Terms
from kerassl.transfer.inputs.words import numbered, word_rows, words_in

WORDS = "red green blue cat dog bird runs sings sleeps the a and of in".split()


def sentences(count, seed=0):
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(2, len(WORDS) + 2)
    shares /= shares.sum()
    return [
        " ".join(rng.choice(WORDS, rng.integers(1, 12), p=shares)) for _ in range(count)
    ]


def inputs(train, test):
    return {each.name: each for each in inputs_of(*map(ArraySource, (train, test)))}


def test_tf_idf_is_that_of_scikit_learn():
    train, test = sentences(60), ["red cat unknown", "the Red, dog!"]
    found = inputs(train, test)["TF-IDF"]
    vectorizer = TfidfVectorizer(
        tokenizer=words_in,
        lowercase=False,
        token_pattern=None,
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
    )
    for ours, theirs in (
        (found.train, vectorizer.fit_transform(train)),
        (found.test, vectorizer.transform(test)),
    ):
        # The same columns in another order.
        np.testing.assert_allclose(
            (ours @ ours.T).toarray(), (theirs @ theirs.T).toarray(), atol=1e-6
        )
        assert ours.shape == theirs.shape
    assert found.standardise is False and found.methods == ("knn", "linear_probe")


def test_terms_are_counted_within_texts():
    rows, words = word_rows(["a b a b", "a b", "b c"])
    terms = Terms.of(rows, len(words), min_texts=1)
    found = terms.counted(numbered(["a b a", "x a", "", "c a b"], words)).toarray()
    names = {word: i for i, word in enumerate(words)}
    pairs = [("a", "b"), ("b", "a"), ("b", "c")]
    pairs.sort(key=lambda pair: names[pair[0]] * len(words) + names[pair[1]])
    wanted = np.array(
        [
            [text.count(word) for word in words]
            + [
                sum(p == pair for p in zip(text, text[1:], strict=False))
                for pair in pairs
            ]
            for text in (["a", "b", "a"], ["x", "a"], [], ["c", "a", "b"])
        ]
    )
    np.testing.assert_array_equal(found, wanted)


def test_the_terms_of_most_texts_are_kept():
    rows, words = word_rows(["a b", "a c", "a b d"])
    counted = Terms.of(rows, 4, longest=1, min_texts=1, most=2).counted(rows)
    assert counted.sum(axis=0).tolist() == [3, 2] and words[:2] == ["a", "b"]


def test_naive_bayes_reads_the_terms_of_its_texts():
    train = sentences(80)
    y = np.array(["cat" in text for text in train]).astype(int)
    found = inputs(train, train[:9])["word counts"]
    assert found.methods == () and set(found.classifiers) == {"naive Bayes"}
    chosen = np.r_[:30]
    told = found.classifiers["naive Bayes"](found.train[chosen], y[chosen], found.test)
    counts = found.train.toarray()
    seen = counts[chosen].any(0)
    guesses = [
        MultinomialNB(alpha=added)
        .fit(counts[chosen][:, seen], y[chosen])
        .predict(found.test.toarray()[:, seen])
        for added in (0.01, 0.03, 0.1, 0.3, 1.0)
    ]
    assert told.tolist() in [guess.tolist() for guess in guesses]


def test_naive_bayes_chooses_by_its_labels_alone():
    from scipy.sparse import csr_array

    rng = np.random.default_rng(3)
    y = np.repeat([0, 1], 25)
    shares = np.where(y[:, None] == rng.integers(0, 2, 300), 0.06, 0.04)
    x, x_test = (rng.poisson(shares * np.exp(rng.normal(size=300))) for _ in range(2))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    models = [MultinomialNB(alpha=added) for added in (0.01, 0.03, 0.1, 0.3, 1.0)]
    scores = [cross_val_score(model, x, y, cv=folds).mean() for model in models]
    seen = x.any(0)
    told = [model.fit(x[:, seen], y).predict(x_test[:, seen]) for model in models]
    best = told[int(np.argmax(scores))]
    assert (best != told[0]).any() or (best != told[-1]).any()
    np.testing.assert_array_equal(naive_bayes(csr_array(x), y, csr_array(x_test)), best)


def test_naive_bayes_of_one_text_a_class():
    from scipy.sparse import csr_array

    x = csr_array(np.array([[2, 0, 1], [0, 3, 1]]))
    assert naive_bayes(x, np.array(["b", "a"]), x).tolist() == ["b", "a"]


def test_word_vectors_are_averaged_by_rarity():
    rows, words = word_rows(sentences(50))
    (found, other) = averaged_vectors(rows, [rows, [np.array([0, -1, 3])]], len(words))
    counts = np.bincount(np.concatenate(rows))
    known = int((counts >= 3).sum())
    vectors = ppmi_svd([r[r < known] for r in rows], known, dim=100, window=10)
    weight = 1e-3 / (1e-3 + counts / counts.sum())
    means = np.array(
        [np.mean([weight[w] * vectors[w] for w in r if w < known], 0) for r in rows]
    )
    scale = np.sqrt(means.var(0).sum())
    np.testing.assert_allclose(found, (means - means.mean(0)) / scale, atol=1e-4)
    single = (weight[0] * vectors[0] + weight[3] * vectors[3]) / 2
    np.testing.assert_allclose(other[0], (single - means.mean(0)) / scale, atol=1e-4)


def test_of_many_words_some_are_read(monkeypatch):
    module = "kerassl.transfer.inputs.averaged"
    seen = []
    monkeypatch.setattr(f"{module}.MOST_READ", 40)
    monkeypatch.setattr(
        f"{module}.ppmi_svd",
        lambda rows, size, **options: seen.append(rows) or np.ones((size, 2)),
    )
    rows, words = word_rows(sentences(50))
    averaged_vectors(rows, [rows], len(words))
    assert 30 < sum(map(len, seen[0])) < 60


def test_chinese_is_read_by_characters():
    train = ["房间很好", "房间不好", "服务很好 OK", "位置不错"]
    found = inputs(train, ["房间不错"])
    assert list(found) == [
        "TF-IDF of characters",
        "character counts",
        "averaged character vectors",
    ]
    # 房 间 很 好 不, and the pairs 房间 and 很好.
    assert found["character counts"].test.sum() == 4


@pytest.mark.parametrize(
    "train, test",
    [
        (["one"], ["two"]),
        (["word"] * 3, ["word"]),
        (["!", "?!"], ["a"]),
        (["a b c d"], ["d c b a", "…"]),
    ],
)
def test_few_and_strange_texts_have_finite_figures(train, test):
    for found in inputs(train, test).values():
        for part, texts in ((found.train, train), (found.test, test)):
            values = part if isinstance(part, np.ndarray) else part.toarray()
            assert len(values) == len(texts) and np.isfinite(values).all()


def test_tokens_are_no_texts():
    source = ArraySource({"token_ids": np.zeros((2, 3), int)})
    source.modality = "text"
    with pytest.raises(ValueError, match="`train` must hold strings. Received"):
        inputs_of(source, source)
