"""Input features in a comparison are as scikit-learn alone measures them."""

import keras
import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.preprocessing import StandardScaler

from kerassl.metrics import nearest_neighbour_labels
from kerassl.transfer import Comparison, InputFeatures, compare, knn, linear_probe
from kerassl.transfer.examples import draw_labels, split_off

CLASSES, WORDS = 3, 40


def counts(rows, seed):
    """Counts of words, of which each class has four of its own."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % CLASSES
    rates = np.full((rows, WORDS), 0.2)
    for label in range(CLASSES):
        rates[y == label, 4 * label : 4 * label + 4] = 0.7
    return rng.poisson(rates).astype("float32"), y


def scaled(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)


TRAIN, TEST = counts(240, 0), counts(150, 1)


def bayes(x, y, x_test):
    return MultinomialNB().fit(x, y).predict(x_test)


def words(name="words", **options):
    made = {"standardise": False, "classifiers": {"naive Bayes": bayes}, **options}
    rows = (sparse.csr_matrix(scaled(x)) for x, _ in (TRAIN, TEST))
    return InputFeatures(name, *rows, **made)


def raw(**options):
    return InputFeatures("raw counts", TRAIN[0], TEST[0], **options)


def encoder(units=2):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((WORDS,)), keras.layers.Dense(units)])


@pytest.fixture(scope="module")
def comparison():
    return compare(
        encoder(),
        TRAIN,
        TEST,
        inputs=[raw(), words()],
        labels_per_class=(1, 10, None),
        methods=["knn", "linear_probe"],
        controls=["input", "random"],
        draws=3,
        progress=False,
    )


def by_hand(rows, queries, y, strengths, seed):
    """Returns the accuracy of a probe whose C is chosen as `linear_probe` says."""
    kept, held = split_off(y, 0.2, seed)
    kept = np.random.default_rng([seed, 3]).permutation(kept)
    scores = []
    for c in strengths:
        fit = LogisticRegression(C=c, max_iter=200).fit(rows[kept], y[kept])
        scores.append(fit.score(rows[held], y[held]))
    best = strengths[int(np.argmax(scores))]
    fit = LogisticRegression(C=best, max_iter=200).fit(rows, y)
    return best, fit.score(queries, TEST[1])


def test_rows_of_an_input_follow_the_encoder(comparison):
    names = list(dict.fromkeys(row["encoder"] for row in comparison.rows))
    assert names == ["pretrained", "raw counts", "words", "random"]
    kinds = {row["encoder"]: row["kind"] for row in comparison.rows}
    assert kinds == {
        "pretrained": "pretrained",
        "raw counts": "input",
        "words": "input",
        "random": "random",
    }
    methods = {r["method"] for r in comparison.rows if r["encoder"] == "words"}
    assert methods == {"knn", "linear_probe", "naive Bayes"}
    assert comparison.row("words", "naive Bayes", 10)["on"] == "on words"
    assert comparison.protocol["inputs"]["words"] == {
        "dim": WORDS,
        "standardised": False,
    }


@pytest.mark.parametrize("draw", range(3))
def test_the_probe_of_an_input_is_that_of_scikit_learn(comparison, draw):
    chosen = draw_labels(TRAIN[1], 10, draw)
    y = TRAIN[1][chosen]
    strengths = [0.1, 1.0, 10.0, 100.0, 1000.0]
    best, accuracy = by_hand(
        scaled(TRAIN[0])[chosen], scaled(TEST[0]), y, strengths, draw
    )
    row = comparison.row("words", "linear_probe", 10)
    assert row["settings"][draw]["C"] == best
    assert row["accuracies"][draw] == pytest.approx(accuracy, abs=0.01)


def test_standardised_inputs_are_standardised(comparison):
    chosen = draw_labels(TRAIN[1], 1, 0)
    scale = StandardScaler().fit(TRAIN[0][chosen])
    fit = LogisticRegression(C=0.1).fit(
        scale.transform(TRAIN[0][chosen]), TRAIN[1][chosen]
    )
    wanted = fit.score(scale.transform(TEST[0]), TEST[1])
    row = comparison.row("raw counts", "linear_probe", 1)
    assert row["accuracies"][0] == pytest.approx(wanted, abs=0.01)
    assert row["settings"][0] == {"C": 0.1, "validation_accuracy": None}
    # Rows that are scaled by their making have small columns.
    assert comparison.row("words", "linear_probe", 1)["settings"][0]["C"] == 100


@pytest.mark.parametrize("budget", [1, 10, None])
def test_a_classifier_of_its_own_sees_the_same_labels(comparison, budget):
    wanted = []
    for seed in range(3):
        chosen = draw_labels(TRAIN[1], budget, seed)
        fit = MultinomialNB().fit(scaled(TRAIN[0])[chosen], TRAIN[1][chosen])
        wanted.append(fit.score(scaled(TEST[0]), TEST[1]))
    found = comparison.row("words", "naive Bayes", budget)["accuracies"]
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_knn_of_an_input_is_the_vote_by_cosine(comparison):
    x, y = scaled(TRAIN[0]), TRAIN[1]
    chosen = draw_labels(y, 10, 1)
    cosines = scaled(TEST[0]) @ x[chosen].T
    wanted = []
    for row in cosines:
        near = np.argsort(-row)[:20]
        votes = np.zeros(CLASSES)
        np.add.at(votes, y[chosen][near], np.exp(row[near] / 0.1))
        wanted.append(votes.argmax())
    found = comparison.row("words", "knn", 10)["accuracies"][1]
    # Counts tie often, and then either neighbour may vote.
    assert found == pytest.approx(np.mean(np.array(wanted) == TEST[1]), abs=0.03)
    # With all labels there is one vote.
    assert comparison.row("words", "knn", None)["std"] == 0


def test_sparse_rows_are_as_dense_ones():
    x, x_test = scaled(TRAIN[0]), scaled(TEST[0])
    rng = np.random.default_rng(0)
    x += 0.001 * rng.random(x.shape) * (x > 0)  # no ties
    thin, thin_test = sparse.csc_matrix(x), sparse.csr_array(x_test)
    dense = nearest_neighbour_labels(x, TRAIN[1], x_test, k=9)
    found = nearest_neighbour_labels(sparse.csr_matrix(x), TRAIN[1], thin_test, k=9)
    np.testing.assert_array_equal(found, dense)
    for measure in (knn, linear_probe):
        options = {} if measure is knn else {"standardise": False}
        a = measure(None, (x, TRAIN[1]), (x_test, TEST[1]), **options)
        b = measure(None, (thin, TRAIN[1]), (thin_test, TEST[1]), **options)
        assert a.accuracy == pytest.approx(b.accuracy, abs=0.01)
        assert a.settings == b.settings


def test_an_input_is_the_better_one_and_that_is_said(comparison):
    found = comparison.verdict
    assert not found.better and found.difference < 0
    assert "worse than" in found.sentence and "10 labels a class" in found.sentence
    assert comparison.to_markdown().startswith(found.sentence)
    again = Comparison.from_dict(comparison.to_dict())
    assert again.verdict == found


def test_the_strengths_of_an_encoder_are_not_those_of_scaled_rows():
    found = compare(
        encoder(),
        TRAIN,
        TEST,
        inputs=[raw(), words(methods=("linear_probe",), classifiers={})],
        labels_per_class=(10,),
        methods=["linear_probe"],
        controls=[],
        draws=1,
        linear_probe_options={"strengths": [0.02]},
        progress=False,
    )
    chosen = {row["encoder"]: row["settings"][0]["C"] for row in found.rows}
    assert chosen["pretrained"] == chosen["raw counts"] == 0.02
    assert chosen["words"] >= 0.1


WRONG = [
    ("words", TypeError, "`inputs` must be a list.*'words'"),
    ([TRAIN[0]], TypeError, "`inputs` must hold .*InputFeatures. Received: ndarray"),
    ([words("random")], ValueError, "names of their own.*'random'"),
    ([words(), words()], ValueError, "names of their own.*'words'"),
    (
        [InputFeatures("few", TRAIN[0][:-1], TEST[0])],
        ValueError,
        "train of 'few' must be a matrix of 240 rows.*239",
    ),
    (
        [InputFeatures("flat", TRAIN[0], TEST[0][:, 0])],
        ValueError,
        r"test of 'flat' must be a matrix of 150 rows.*\(150,\)",
    ),
    ([words(methods=("fine_tune",))], ValueError, "methods of 'words'.*fine_tune"),
    (
        [words(classifiers={"knn": bayes})],
        ValueError,
        "its classifiers have other names. Received: .'knn'",
    ),
]


@pytest.mark.parametrize(("inputs", "kind", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_inputs_are_told_before_anything_is_measured(inputs, kind, message):
    with pytest.raises(kind, match=message):
        compare(encoder(), TRAIN, TEST, inputs=inputs, progress=False)
