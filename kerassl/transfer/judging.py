"""What a comparison says in a sentence, by a rule that is fixed beforehand."""

import dataclasses
import math

from kerassl.transfer.options import in_order, title
from kerassl.transfer.verdict import Verdict, verdict

# The number of labels a class at which an encoder is judged.
BUDGET = 10


def judged(comparison) -> Verdict | None:
    """Returns the verdict of a comparison, None where no input was measured.

    Args:
        comparison: A `Comparison`, whose `verdict` states the rule.

    Example:
        >>> from kerassl.transfer import Comparison
        >>> of = {"method": "knn", "labels_per_class": 5}
        >>> rows = [{**of, "kind": "pretrained", "encoder": "pretrained"},
        ...     {**of, "kind": "input", "encoder": "pixels", "on": "on pixels"}]
        >>> rows[0] |= {"accuracies": [0.5, 0.7], "mean": 0.6}
        >>> rows[1] |= {"accuracies": [0.4, 0.6], "mean": 0.5}
        >>> judged(Comparison(rows, {"train_examples": 10, "classes": 2})).sentence[:48]
        'With 5 labels a class kNN is 10.0 ± 0.0 points b'
    """
    first = _first(comparison)
    if first is None:
        return None
    sentences = [first.sentence, _saved(comparison), _tuned(comparison)]
    sentence = " ".join(each for each in sentences if each)
    return dataclasses.replace(first, sentence=sentence)


def headline(comparison) -> str:
    """Returns the verdict's first sentence, empty where there is none."""
    first = _first(comparison)
    return first.sentence if first else ""


def labels_saved(comparison) -> float | None:
    """Returns how many labels a class an input needs, as `Comparison` tells."""
    first = _first(comparison)
    if first is None or not first.better:
        return None
    return _needed(comparison)[0]


def _first(comparison):
    return _against_inputs(comparison, _method(comparison))


def _against_inputs(comparison, method):
    """Returns the verdict on one method, or None where it has no pairs."""
    budget = _budget(comparison)
    row = _pretrained(comparison, method, budget)
    inputs = [r for r in _inputs(comparison) if r["labels_per_class"] == budget]
    if row is None or not inputs:
        return None
    best = max(inputs, key=lambda each: each["mean"])
    pairs = zip(row["accuracies"], best["accuracies"], strict=True)
    return verdict(
        [100 * (own - other) for own, other in pairs],
        what=f"With {_in_words(budget)} {_article(method)}{title(method)}",
        against=_named(best, method),
    )


def _tuned(comparison):
    """Returns a sentence on fine-tuning, where the first is on another method."""
    if _method(comparison) == "fine_tune":
        return ""
    found = _against_inputs(comparison, "fine_tune")
    return found.sentence if found else ""


def _saved(comparison):
    """Returns how many labels the inputs need in a sentence, or nothing."""
    found = labels_saved(comparison)
    more = _places(comparison)[1:]
    if found is None or not more:
        return ""
    row = _needed(comparison)[1]
    where = _named(row, _method(comparison))
    where = f"{where[0].upper()}{where[1:]}"
    if row["method"] != _method(comparison):
        where = f"With {_named(row, _method(comparison))}"
    if math.isinf(found):
        return f"{where} that is not reached with {_in_words(more[-1])}."
    count = f"{found:.0f}" if found < 100 else f"{float(f'{found:.2g}'):,.0f}"
    return f"{where} that takes about {count} labels a class."


def _needed(comparison):
    """Returns (labels a class, row of the input) that reach the encoder's figure."""
    budget, method = _budget(comparison), _method(comparison)
    wanted = _pretrained(comparison, method, budget)["mean"]
    best: dict[float, dict] = {}
    for row in _inputs(comparison):
        place = _labels(comparison, row["labels_per_class"])
        if place not in best or row["mean"] > best[place]["mean"]:
            best[place] = row
    places = [_labels(comparison, each) for each in _places(comparison)]
    for low, high in zip(places, places[1:], strict=False):
        below, above = best[low]["mean"], best[high]["mean"]
        if above >= wanted:
            share = (wanted - below) / (above - below)
            return low * (high / low) ** share, best[high]
    return math.inf, best[places[-1]]


def _places(comparison):
    """Returns the budgets of the inputs from that of the verdict on, upwards."""
    least = _labels(comparison, _budget(comparison))
    budgets = in_order(row["labels_per_class"] for row in _inputs(comparison))
    above = [each for each in budgets if _labels(comparison, each) >= least]
    return sorted(above, key=lambda each: _labels(comparison, each))


def _in_words(budget):
    if budget is None:
        return "all labels"
    return f"{budget} label{'s' if budget > 1 else ''} a class"


def _method(comparison):
    methods = in_order(
        row["method"] for row in comparison.rows if _kind(row) == "pretrained"
    )
    return "linear_probe" if "linear_probe" in methods else (methods or [None])[0]


def _budget(comparison):
    """Returns the measured budget nearest to that of the rule, of two the smaller."""
    budgets = in_order(row["labels_per_class"] for row in comparison.rows)
    if BUDGET in budgets:
        return BUDGET
    places = {budget: _labels(comparison, budget) for budget in budgets}
    return min(
        budgets, key=lambda b: (round(abs(math.log(places[b] / BUDGET)), 9), places[b])
    )


def _labels(comparison, budget):
    facts = comparison.protocol
    return facts["train_examples"] / facts["classes"] if budget is None else budget


def _pretrained(comparison, method, budget):
    for row in comparison.rows:
        if _kind(row) == "pretrained" and row["method"] == method:
            if row["labels_per_class"] == budget:
                return row
    return None


def _inputs(comparison):
    return [row for row in comparison.rows if _kind(row) == "input"]


def _kind(row):
    return row.get("kind", row["encoder"])


def _named(row, method):
    """Returns how a sentence names an input, with its method where it is another."""
    on = row.get("on") or f"on {row['encoder']}"
    if row["method"] == method:
        return on
    return f"{_article(row['method'])}{title(row['method'])} {on}"


def _article(method):
    return "the " if method == "linear_probe" else ""
