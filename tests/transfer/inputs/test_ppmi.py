"""Word vectors by counting, beside the same by loops and a whole SVD."""

import numpy as np
import pytest

from kerassl.transfer.inputs.ppmi import cooccurrences, ppmi, ppmi_svd
from kerassl.transfer.inputs.words import is_unspaced, word_rows, words_in


def rows_of(count, words, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, words, rng.integers(0, 9)) for _ in range(count)]


def counted(rows, words, window):
    """Co-occurrences pair by pair."""
    counts = np.zeros((words, words))
    for row in rows:
        for i, word in enumerate(row):
            for j, context in enumerate(row):
                if 0 < abs(i - j) <= window:
                    counts[word, context] += (window - abs(i - j) + 1) / window
    return counts


def weighed(counts, smoothing, shift):
    """Shifted positive PMI entry by entry."""
    made = np.zeros_like(counts)
    smoothed = counts.sum(0) ** smoothing
    for i, j in np.argwhere(counts):
        joint = counts[i, j] / counts.sum()
        apart = counts[i].sum() / counts.sum() * smoothed[j] / smoothed.sum()
        made[i, j] = max(0.0, np.log(joint / apart) - np.log(shift))
    return made


def test_pairs_are_counted_within_texts_by_distance():
    rows = rows_of(40, 7)
    found = cooccurrences(rows, 7, 3).toarray()
    np.testing.assert_allclose(found, counted(rows, 7, 3))


@pytest.mark.parametrize("smoothing, shift", [(1.0, 1.0), (0.75, 1.0), (0.75, 1.5)])
def test_ppmi_is_that_of_its_definition(smoothing, shift):
    counts = cooccurrences(rows_of(40, 9), 9, 2)
    found = ppmi(counts, smoothing=smoothing, shift=shift).toarray()
    wanted = weighed(counts.toarray(), smoothing, shift)
    assert 0 < (wanted > 0).mean() < 1
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("words, texts", [(30, 60), (230, 300)])
def test_vectors_are_those_of_the_whole_svd(words, texts):
    rows = rows_of(texts, words)
    counts = cooccurrences(rows, words, 2).toarray()
    left, values, _ = np.linalg.svd(weighed(counts, 0.75, 1.0))
    wanted = left[:, :6] * values[:6] ** 0.5
    found = ppmi_svd(rows, words, dim=6, window=2)
    # Up to signs.
    np.testing.assert_allclose(found @ found.T, wanted @ wanted.T, atol=1e-4)
    assert (found[np.abs(found).argmax(0), np.arange(6)] > 0).all()
    np.testing.assert_array_equal(found, ppmi_svd(rows, words, dim=6, window=2))


def test_words_of_a_kind_lie_together():
    rng = np.random.default_rng(0)
    # Words 0 to 4 stand beside 10, words 5 to 9 beside 11.
    rows = [np.array([w, 10 + w // 5, w]) for w in rng.integers(0, 10, 400)]
    vectors = ppmi_svd(rows, 12, dim=4, window=2)[:10]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    same = np.arange(10)[:, None] // 5 == np.arange(10) // 5
    assert (vectors @ vectors.T)[same].min() > (vectors @ vectors.T)[~same].max()


def test_words_without_contexts_have_none():
    assert not ppmi_svd([np.array([0])], 1).any()
    assert ppmi_svd([], 3, dim=2).shape == (3, 2)
    found = ppmi_svd([np.array([0, 1, 0]), np.array([3])], 5, dim=9)
    assert found.shape == (5, 5) and not found[2:].any() and found[:2].any()


@pytest.mark.parametrize(
    "rows, options, message",
    [
        ([np.array([0, 5])], {}, "`rows` must hold numbers from 0 to below 5"),
        ([np.array([-1])], {}, "`rows` must hold numbers from 0"),
        ([np.array([0.5])], {}, "`rows` must hold integers"),
        ([], {"dim": 0}, "`dim`"),
        ([], {"window": 0}, "`window`"),
        ([], {"shift": 0.5}, "`shift`"),
        ([], {"smoothing": 0}, "`smoothing`"),
        ([], {"eigenvalue_weighting": 2}, "`eigenvalue_weighting`"),
    ],
)
def test_what_is_wrong_is_told(rows, options, message):
    with pytest.raises(ValueError, match=message):
        ppmi_svd(rows, 5, **options)


def test_words_of_scripts_with_and_without_blanks():
    assert words_in("It's 3 o'clock…") == ["it", "'", "s", "3", "o", "'", "clock", "…"]
    assert words_in("日本語カナ ABC中文") == [*"日本語カナ", "abc", *"中文"]
    assert words_in("naïve ПРИВЕТ  \n") == ["naïve", "привет"]
    assert words_in(" ") == []
    assert is_unspaced(["房间不错", "OK"]) and not is_unspaced(["a café", "12", ""])


def test_rows_are_numbered_by_frequency():
    rows, words = word_rows(["b a", "a c", "b"], min_count=1)
    assert words == ["a", "b", "c"]
    assert [row.tolist() for row in rows] == [[1, 0], [0, 2], [1]]
    rows, words = word_rows(["b a", "c", "b"], most=1)
    assert words == ["b"] and [row.tolist() for row in rows] == [[0], [], [0]]
    assert word_rows([]) == ([], [])
