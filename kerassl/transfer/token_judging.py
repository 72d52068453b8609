"""What a comparison of tokens says in a sentence, by a rule fixed beforehand."""

import dataclasses
import math
from statistics import fmean

from kerassl.transfer.verdict import Verdict, verdict

# The number of labelled sentences at which an encoder is judged.
BUDGET = 100
_PHRASES = {
    "linear_probe": "the linear probe",
    "fine_tune": "fine-tuning",
    "majority": "the most frequent tag",
    "lexicon": "the most frequent tag of each word",
    "window": "a linear probe on words and their neighbours",
}


def judged(rows: list[dict], everything: int) -> Verdict | None:
    """Returns the verdict on an encoder's tokens, None where no input was measured.

    Args:
        rows: Those of a `TokenComparison`, whose `verdict` states the rule.
        everything: How many labelled sentences there are in all.

    Example:
        >>> of = {"sentences": 100}
        >>> rows = [
        ...     {**of, "encoder": "input", "method": "window", "f1s": [0.5, 0.6]},
        ...     {**of, "encoder": "pretrained", "method": "fine_tune",
        ...         "f1s": [0.7, 0.8]}]
        >>> judged(rows, 900).difference.__round__(6)
        20.0
    """
    own = [row for row in rows if row["encoder"] == "pretrained"]
    inputs = [row for row in rows if row["encoder"] == "input"]
    if not own or not inputs:
        return None
    nearest = _nearest({row["sentences"] for row in own}, everything)
    own = [row for row in own if row["sentences"] == nearest]
    inputs = [row for row in inputs if row["sentences"] == nearest]
    if not inputs:
        return None
    best = max(inputs, key=lambda row: sum(row["f1s"]))
    # The linear probe first, where it was measured: it tells most of the encoder.
    own.sort(key=lambda row: row["method"] != "linear_probe")
    found = [_compared(row, best) for row in own]
    sentence = " ".join(each.sentence for each in found)
    return dataclasses.replace(found[0], sentence=sentence)


def _nearest(budgets, everything):
    """Returns the number of sentences nearest to that of the rule, by its ratio."""
    sizes = {budget: budget or everything for budget in budgets}
    return min(
        sizes, key=lambda b: (round(abs(math.log(sizes[b] / BUDGET)), 9), sizes[b])
    )


def _compared(row, best):
    count = row["sentences"]
    labels = "all labels" if count is None else f"{count:,} labelled sentences"
    pairs = zip(row["f1s"], best["f1s"], strict=True)
    return verdict(
        [100 * (own - other) for own, other in pairs],
        what=f"With {labels} {_PHRASES[row['method']]}",
        against=_PHRASES[best["method"]],
        unit="points of F1",
        figures={
            "input": 100 * fmean(best["f1s"]),
            "pretrained": 100 * fmean(row["f1s"]),
        },
    )
