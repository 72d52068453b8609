"""From the results of a preset's seeds to the lines of the table."""

import numpy as np

from kerassl.transfer.verdict import paired_interval

KINDS = ("input", "random", "pretrained", "supervised")
# Of a comparison, at how many labels a class it is told; the nearest measured.
LABELS = 10


def lines(results, labels=LABELS):
    """Returns one line for each measure of a preset.

    Args:
        results: The results of a preset's seeds on one corpus, each as a trial
            keeps it.
        labels: At how many labels a class a comparison is told; where that was not
            measured, the nearest number that was.

    Returns:
        List of dicts: `measure` and `unit` in words, for each of `KINDS` a list with
        a figure for each seed (empty where it was not measured), `against`, which
        input was the best, and `better`, (mean, half of its 95 % interval or None).
    """
    found = []
    for name, first in results[0]["measures"].items():
        measured = [result["measures"][name] for result in results]
        if "accuracy_unit" in first:
            found += _comparison(measured, labels)
        else:
            found += _other([result["verdicts"].get(name) for result in results])
    return found


def _comparison(measured, labels):
    """Returns a line for each method of a comparison, accuracies in percent."""
    rows = measured[0]["rows"]
    budgets = dict.fromkeys(row["labels_per_class"] for row in rows)
    budget = nearest(list(budgets), labels)
    methods = dict.fromkeys(row["method"] for row in rows if _kind(row) != "input")
    return [
        _line(
            f"{method.replace('_', ' ')}, {budget or 'all'} a class",
            [_cells(each["rows"], method, budget) for each in measured],
        )
        for method in methods
    ]


def nearest(budgets, labels=LABELS):
    """Returns the number of labels a class that is told; None stands for all.

    Example:
        >>> nearest([1, 5, 50, None])
        5
    """
    numbers = [budget for budget in budgets if budget is not None]
    if not numbers:
        return None
    return min(numbers, key=lambda number: abs(np.log(number / labels)))


def _kind(row):
    return row.get("kind", row["encoder"])


def _cells(rows, method, budget):
    """Returns {kind: (name, accuracies of the draws in percent)} of one seed."""
    found = {}
    for row in rows:
        kind = _kind(row)
        # No method trains an input: what it does best stands beside fine-tuning.
        same = row["method"] == method or (kind == "input" and method == "fine_tune")
        if not same or row["labels_per_class"] != budget:
            continue
        if kind not in found or row["mean"] > np.mean(found[kind][1]) / 100:
            found[kind] = row["encoder"], [100 * value for value in row["accuracies"]]
    return found


def _line(measure, seeds):
    line = {kind: [np.mean(s[kind][1]) for s in seeds if kind in s] for kind in KINDS}
    against = list(dict.fromkeys(s["input"][0] for s in seeds if "input" in s))
    better = None
    if against:
        gains = [np.subtract(s["pretrained"][1], s["input"][1]).tolist() for s in seeds]
        means = [float(np.mean(gain)) for gain in gains]
        better = paired_interval(gains[0] if len(gains) == 1 else means)
    return {
        "measure": measure,
        "unit": "%",
        **line,
        "against": ", ".join(against),
        "better": better,
    }


def _other(verdicts):
    """Returns the line of a measure by its verdicts, [] where it gives none."""
    if not all(verdicts):
        return []
    first = verdicts[0]
    half_width = first["half_width"]
    better = paired_interval([each["difference"] for each in verdicts])
    figures = [each.get("figures", {}) for each in verdicts]
    return [
        {
            "measure": first["what"],
            "unit": first["unit"],
            **{kind: [f[kind] for f in figures if kind in f] for kind in KINDS},
            "against": first["against"],
            "better": better if len(verdicts) > 1 else (better[0], half_width),
        }
    ]
