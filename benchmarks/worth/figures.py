"""From the results of a preset's seeds to the lines of the table."""

import numpy as np

from kerassl.transfer.measurements import (
    best_of_kinds,
    gain,
    measurements,
    nearest,
)
from kerassl.transfer.options import in_order
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
        if "accuracy_unit" in first:
            seeds = {
                result["seed"]: measurements({name: result["measures"][name]}, {})
                for result in results
            }
            found += _comparison(seeds, labels)
        else:
            found += _other([result["verdicts"].get(name) for result in results])
    return found


def _comparison(seeds, labels):
    """Returns a line for each method of a comparison, accuracies in percent.

    Args:
        seeds: {seed: list of `Measurement`}.
        labels: As in `lines`.
    """
    first = next(iter(seeds.values()))
    columns = in_order(each.column for each in first if each.kind != "input")
    budget = nearest((each.column.labels for each in first), labels)
    return [_line(each, seeds) for each in columns if each.labels == budget]


def _line(column, seeds):
    cells = {seed: best_of_kinds(found, column) for seed, found in seeds.items()}
    draws = {
        kind: {seed: each[kind].draws for seed, each in cells.items() if kind in each}
        for kind in KINDS
    }
    inputs = [each["input"] for each in cells.values() if "input" in each]
    against = in_order(each.encoder for each in inputs)
    better = gain(draws["pretrained"], draws["input"]) if against else None
    labels = column.labels or "all"
    return {
        "measure": f"{column.method.replace('_', ' ')}, {labels} a class",
        "unit": column.unit,
        **{kind: [np.mean(each) for each in draws[kind].values()] for kind in KINDS},
        "against": ", ".join(against),
        "better": better and (better.mean, better.half_width),
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
