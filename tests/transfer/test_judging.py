"""The rule of the verdict, on figures that are known."""

import math

import numpy as np
import pytest
from scipy import stats

from kerassl.transfer import Comparison

SIZES = {"train_examples": 200, "test_examples": 90, "classes": 2, "draws": 3}


def row(kind, method, budget, accuracies, name=None):
    made = {"encoder": name or kind, "kind": kind, "method": method}
    made |= {"labels_per_class": budget, "accuracies": accuracies}
    made |= {"mean": float(np.mean(accuracies)), "std": float(np.std(accuracies))}
    if kind == "input":
        made["on"] = f"on {made['encoder']}"
    return {**made, "settings": [{}] * len(accuracies)}


def comparison(*rows):
    return Comparison(list(rows), SIZES)


def pixels(budget, accuracies, method="linear_probe"):
    return row("input", method, budget, accuracies, "raw pixels")


GOOD = row("pretrained", "linear_probe", 10, [0.80, 0.84, 0.82])


def test_the_differences_are_paired():
    found = comparison(GOOD, pixels(10, [0.70, 0.73, 0.73])).verdict
    assert found.difference == pytest.approx(10)
    half = stats.ttest_rel([80, 84, 82], [70, 73, 73]).confidence_interval()
    assert found.half_width == pytest.approx((half.high - half.low) / 2)
    assert found.better and found.against == "on raw pixels"
    assert found.sentence.startswith(
        "With 10 labels a class the linear probe is 10.0 ± 2.5 points better than "
        "on raw pixels."
    )


def test_the_best_input_counts_by_whatever_features_and_method():
    best = row("input", "naive Bayes", 10, [0.75, 0.76, 0.74], "words")
    others = [pixels(10, [0.7] * 3), best, pixels(10, [0.71] * 3, "knn")]
    random = row("random", "linear_probe", 10, [0.79] * 3)
    found = comparison(GOOD, *others, random).verdict
    assert found.against == "naive Bayes on words"
    knn = row("input", "knn", 10, [0.9] * 3, "words")
    found = comparison(GOOD, *others, knn).verdict
    assert "worse than kNN on words." in found.sentence and not found.better


@pytest.mark.parametrize(
    ("budgets", "judged"),
    [
        ([1, 5, 10, None], "10 labels"),
        ([5, 50], "5 labels"),
        ([4, 20], "20 labels"),
        ([5, 20], "5 labels"),
        ([1, None], "1 label a"),  # all are 100 a class, as far from ten as one
        ([None], "all labels"),
    ],
)
def test_the_budget_is_the_nearest_to_ten(budgets, judged):
    rows = [row("pretrained", "knn", b, [0.5, 0.6]) for b in budgets]
    rows += [pixels(b, [0.4, 0.6], "knn") for b in budgets]
    sentence = comparison(*rows).verdict.sentence
    assert sentence.startswith(f"With {judged}")


def test_the_probe_counts_where_it_was_measured():
    rows = [row("pretrained", "knn", 10, [0.5] * 3), GOOD]
    rows.append(pixels(10, [0.6, 0.7, 0.6]))
    assert "the linear probe is" in comparison(*rows).verdict.sentence
    rows = [row("pretrained", "fine_tune", 10, [0.9] * 3), rows[-1]]
    sentence = comparison(*rows).verdict.sentence
    assert sentence.startswith("With 10 labels a class fine-tuning is ")
    assert sentence.count("fine-tuning") == 1


def test_fine_tuning_has_a_sentence_of_its_own():
    tuned = row("pretrained", "fine_tune", 10, [0.72, 0.70, 0.74])
    found = comparison(GOOD, tuned, pixels(10, [0.7, 0.72, 0.73]))
    assert found.verdict.sentence.endswith(
        "With 10 labels a class fine-tuning is not better than the linear probe on "
        "raw pixels: 0.3 ± 5.2 points."
    )
    assert found.verdict.difference == pytest.approx(31 / 3)  # that of the probe


def test_labels_saved_lie_on_a_line_in_the_logarithm():
    rows = [GOOD, pixels(10, [0.70, 0.72, 0.71]), pixels(1, [0.5] * 3)]
    rows.append(pixels(None, [0.93] * 3))  # 100 a class
    found = comparison(*rows)
    share = (0.82 - 0.71) / (0.93 - 0.71)
    assert found.labels_saved() == pytest.approx(10 * 10**share)
    assert "On raw pixels that takes about 32 labels a class." in found.verdict.sentence


def test_labels_saved_are_those_of_the_best_input_at_each_number():
    rows = [GOOD, pixels(10, [0.70, 0.72, 0.71]), pixels(20, [0.75] * 3)]
    rows.append(row("input", "knn", 20, [0.86] * 3, "PCA"))
    found = comparison(*rows)
    share = (0.82 - 0.71) / (0.86 - 0.71)
    assert found.labels_saved() == pytest.approx(10 * 2**share)
    assert "With kNN on PCA that takes about 17 labels" in found.verdict.sentence


def test_what_is_never_reached_and_what_is_not_better():
    never = comparison(GOOD, pixels(10, [0.7, 0.72, 0.71]), pixels(None, [0.8] * 3))
    assert math.isinf(never.labels_saved())
    assert "On raw pixels that is not reached with all labels." in (
        never.verdict.sentence
    )
    few = comparison(GOOD, pixels(10, [0.7, 0.72, 0.71]), pixels(20, [0.8] * 3))
    assert "not reached with 20 labels a class." in few.verdict.sentence
    alone = comparison(GOOD, pixels(10, [0.7, 0.72, 0.71]))
    assert math.isinf(alone.labels_saved())
    assert "On raw pixels" not in alone.verdict.sentence  # no more were measured
    not_better = comparison(GOOD, pixels(10, [0.8, 0.9, 0.7]), pixels(None, [0.9] * 3))
    assert not_better.labels_saved() is None
    single = comparison(row("pretrained", "knn", 5, [0.9]), pixels(5, [0.1], "knn"))
    assert single.labels_saved() is None and not single.verdict.better


def test_no_input_no_verdict():
    assert (
        comparison(GOOD, row("random", "linear_probe", 10, [0.5] * 3)).verdict is None
    )


def test_a_comparison_of_0_2_loads():
    old = comparison(GOOD).to_dict()
    del old["rows"][0]["kind"]
    again = Comparison.from_dict(old)
    assert again.rows[0]["kind"] == "pretrained" and again.verdict is None
    assert "82.0" in again.to_markdown()


def test_the_picture_has_every_curve_and_no_legend_on_one():
    budgets = (5, 10, None)
    rows = [row("pretrained", "knn", b, [0.5, 0.6, 0.7]) for b in budgets]
    rows += [row("pretrained", "linear_probe", b, [0.5, 0.6, 0.7]) for b in budgets]
    rows += [pixels(b, [0.4, 0.6, 0.5]) for b in budgets]
    rows += [row("input", "naive Bayes", b, [0.4] * 3, "words") for b in budgets]
    found = comparison(*rows)
    figure = found.figure()
    assert [axis.get_title() for axis in figure.axes] == ["kNN", "linear probe"]
    labels = figure.axes[1].get_legend_handles_labels()[1]
    assert labels == ["pretrained", "raw pixels", "naive Bayes, words"]
    title = figure.get_suptitle().replace("\n", " ")
    assert found.verdict.sentence.startswith(title) and title.endswith(".")
    figure.canvas.draw()
    legend = figure.legends[0].get_window_extent()
    for axis in figure.axes:
        assert not legend.overlaps(axis.get_window_extent())
