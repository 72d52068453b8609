import numpy as np
import pytest

from kerassl.errors import InvalidValue
from kerassl.transfer.correlations import (
    Correlations,
    part_differences,
    random_row,
    row_of,
)
from kerassl.transfer.similarity import rank_correlation


def test_each_part_is_correlated_alone_and_holds_all_scores():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 40))
    scores = rng.permutation(40)  # no two alike: the order is theirs
    order = np.argsort(scores)
    expected = []
    for start in range(10):
        part = order[[start, start + 10, start + 20, start + 30]]
        a, b = (rank_correlation(x[part], scores[part]) for x in (first, second))
        expected.append(100 * (a - b))
    found = part_differences(first, second, scores, seed=7)
    np.testing.assert_allclose(found, expected)
    with pytest.raises(InvalidValue, match="at least 30 pairs.*29"):
        part_differences(first[:29], second[:29], scores[:29], seed=7)


def test_a_part_in_which_nothing_is_ranked_counts_0():
    scores = np.arange(30)
    found = part_differences(scores, np.zeros(30), scores, seed=0)
    np.testing.assert_allclose(found, 100)


def test_the_verdict_stands_first_and_in_json():
    rows = [row_of("pretrained", 0.7), row_of("counts", 0.6), random_row([0.1, 0.3])]
    found = Correlations(rows, "Of 30 pairs.", (9.0, 11.0), "counts")
    first = found.to_markdown().splitlines()[0]
    assert first == found.verdict.sentence and "not better than with counts" in first
    assert found.to_dict()["verdict"]["difference"] == 10
    # Standard deviation of a sample.
    assert rows[2]["std"] == pytest.approx(0.2 / 2**0.5)
    assert random_row([0.5])["std"] == 0
