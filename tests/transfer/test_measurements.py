"""Figures of reports as one list, and how much better one is than another."""

import pytest
from scipy import stats

from kerassl.transfer.correlations import Correlations, row_of
from kerassl.transfer.measurements import (
    PERCENT,
    Column,
    Measurement,
    best_of_kinds,
    gain,
    measurements,
    nearest,
)
from kerassl.transfer.perplexity_result import PerplexityResult
from kerassl.transfer.token_comparison import TokenComparison


def test_runs_that_share_no_seed_are_not_paired():
    own, other = {0: (5.0, 6.0), 1: (7.0,)}, {2: (4.0,), 3: (3.0,)}
    found = gain(own, other)
    interval = stats.ttest_ind([5.5, 7.0], [4.0, 3.0], equal_var=False)
    low, high = interval.confidence_interval()
    assert found.mean == pytest.approx(2.75) and found.pairs == 0
    assert found.half_width == pytest.approx((high - low) / 2)
    assert gain({0: (1.0, 2.0)}, {1: (1.0, 2.0)}).half_width is None


def test_only_shared_seeds_are_pairs():
    own = {0: (5.0,), 1: (7.0,), 2: (50.0,)}
    assert gain(own, {0: (4.0,), 1: (4.0,)}).mean == pytest.approx(2.0)
    assert gain(own, {0: (4.0,), 1: (4.0,)}, lower_is_better=True).mean == -2.0


def test_all_labels_of_one_seed_leave_no_interval():
    found = gain({0: (5.0, 5.0)}, {0: (4.0, 4.0)})
    assert (found.mean, found.half_width, found.pairs) == (1.0, None, 1)
    assert gain({0: (5.0, 6.0)}, {0: (4.0, 4.0)}).half_width > 0


def test_entity_scores_are_read_from_their_rows():
    scores = {"f1": 0.5, "precision": 0.5, "recall": 0.5, "accuracy": 0.5}
    key = ("pretrained", "fine_tune", 100)
    protocol = {"train_sentences": 900, "options": {"fine_tune": {"steps": 3}}}
    found = TokenComparison.of({key: [(scores, {}), (scores, {})]}, protocol)
    (only,) = measurements({"token_classification": found.to_dict()}, {})
    assert only.draws == (50.0, 50.0) and only.column.by == "by fine-tuning"
    assert only.column.budget == "100 sentences"
    assert only.column.condition == "With 100 labelled sentences, "
    assert only.protocol["options"] == {"steps": 3}


def test_other_measures_are_read_from_their_verdict():
    result = PerplexityResult(
        tokens=4, bytes=8, nats=4.0, accuracy=0.5, unigram_nats=8.0
    )
    verdict = result.verdict.to_dict()
    found = measurements({"perplexity": result.to_dict()}, {"perplexity": verdict})
    by_kind = {each.kind: each for each in found}
    assert by_kind["pretrained"].draws == pytest.approx((result.bits_per_byte,))
    assert by_kind["input"].encoder == "a unigram model of its tokens"
    assert by_kind["pretrained"].column.lower_is_better
    rows = [row_of("pretrained", 0.7), row_of("TF-IDF", 0.6), row_of("random", 0.1)]
    similar = Correlations(rows, "", (9.0, 11.0), "TF-IDF")
    told = {"sentence_similarity": similar.verdict.to_dict()}
    found = measurements({"sentence_similarity": similar.to_dict()}, told)
    figures = {each.kind: each.draws[0] for each in found}
    assert figures == pytest.approx({"input": 60.0, "pretrained": 70.0, "random": 10.0})
    assert found[0].column.by == "by sentence similarity"


def test_a_measure_without_draws_or_verdict_gives_nothing():
    assert measurements({"own": {"rows": [{"encoder": "a", "recall": 1.0}]}}, {}) == []
    assert measurements({"own": {}}, {"own": None}) == []


def test_beside_fine_tuning_stands_what_an_input_does_best():
    probe, tuned = (
        Column("classification", method, 10, PERCENT)
        for method in ("linear_probe", "fine_tune")
    )
    found = [
        Measurement(probe, "input", "raw pixels", (70.0,)),
        Measurement(probe, "input", "PCA", (60.0,)),
        Measurement(tuned, "random", "random", (50.0,)),
    ]
    best = best_of_kinds(found, tuned)
    assert best["input"].encoder == "raw pixels" and best["random"].draws == (50.0,)
    assert set(best_of_kinds(found, probe)) == {"input"}


def test_the_words_of_one_label_are_in_the_singular():
    told = ("{} a class", "{} labels a class", "accuracy")
    column = Column("classification", "knn", 1, PERCENT, told=told)
    assert column.condition == "With 1 label a class, " and column.by == "by kNN"
    assert nearest([None], 10) is None and nearest([5, 20, None], 10) == 5
