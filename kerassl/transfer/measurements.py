"""The figures of a run as one list, whatever measured them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kerassl.transfer.options import title
from kerassl.transfer.token_comparison import TITLES
from kerassl.transfer.verdict import paired_interval

# Rows that hold a figure for each draw of labels: by the key of these figures the key
# of the number of labels, how a table and a sentence call it, and what they are.
_DRAWN = {
    "accuracies": ("labels_per_class", "{} a class", "{} labels a class", "accuracy"),
    "f1s": ("sentences", "{} sentences", "{} labelled sentences", "entity F1"),
}
PERCENT = "%"
# Whose size depends on the vocabulary, so that two runs do not share it.
_OF_ITS_OWN = "bits a token"


@dataclass(frozen=True)
class Column:
    """What figures must share to be compared.

    Attributes:
        measure: Name of the measure.
        method: Such as "linear_probe"; "" where a measure has one figure only.
        labels: Number of labels that were given, None for all.
        unit: "%" or what a verdict has, such as "bits a byte".
        lower_is_better: Whether a smaller figure is the better one.
        told: Of a measure by labels, how a table and a sentence call their number and
            what is measured; () of one without.
    """

    measure: str
    method: str
    labels: int | None
    unit: str
    lower_is_better: bool = False
    told: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """How a table calls the method."""
        name = self.method or self.measure.replace("_", " ")
        return TITLES.get(name, title(name))

    @property
    def by(self) -> str:
        """How a sentence ends on the method, such as "by the linear probe"."""
        return f"by {'the ' if self.method == 'linear_probe' else ''}{self.title}"

    @property
    def budget(self) -> str:
        """How a table calls the number of labels.

        Example:
            >>> told = ("{} a class", "{} labels a class", "accuracy")
            >>> Column("classification", "knn", 10, "%", told=told).budget
            '10 a class'
        """
        return self._labels(0) if self.told else self.unit

    @property
    def condition(self) -> str:
        """The beginning of a sentence, such as "With 10 labels a class, "."""
        return f"With {self._labels(1)}, " if self.told else ""

    @property
    def points(self) -> str:
        """The unit of differences."""
        return "points" if self.unit == PERCENT else self.unit

    @property
    def digits(self) -> int:
        """Decimals that are shown."""
        return 1 if self.points == "points" else 3

    def _labels(self, place):
        if self.labels is None:
            return "all labels"
        text = self.told[place].format(f"{self.labels:,}")
        return text.replace("1 labels ", "1 label ") if self.labels == 1 else text


@dataclass(frozen=True)
class Measurement:
    """What one encoder of a run, or one of its controls, reached.

    Attributes:
        column: The `Column`.
        kind: "pretrained", "input", "random" or "supervised".
        encoder: The name of the control, such as "raw pixels".
        draws: A figure for each draw of labels; one where nothing is drawn.
        protocol: How it was measured, as far as figures that are compared share it.
        on: How a sentence names an input.
    """

    column: Column
    kind: str
    encoder: str
    draws: tuple[float, ...]
    protocol: dict = field(default_factory=dict)
    on: str = ""


# What of a protocol may differ: what is paired, how long it took, and what belongs to
# the encoder and is compared with it.
_NOT_SHARED = (
    *("seconds", "seeds", "draws", "draws_of_all_labels"),
    *("inputs", "options", "pooling"),
)


def measurements(
    measures: Mapping[str, dict], verdicts: Mapping[str, dict]
) -> list[Measurement]:
    """Returns the figures that a report holds.

    Figures with draws are read from their rows, in percent; of other measures the
    figures of the verdict are taken.

    Args:
        measures: {name: dict}, as `kerassl.Run.measures` gives them.
        verdicts: {name: dict}, the report's "verdict".

    Example:
        >>> row = {"encoder": "random", "kind": "random", "method": "knn"}
        >>> row |= {"labels_per_class": 5, "accuracies": [0.5, 0.75]}
        >>> (found,) = measurements({"classification": {"rows": [row]}}, {})
        >>> found.column.budget, found.draws
        ('5 a class', (50.0, 75.0))
    """
    found: list[Measurement] = []
    for name, measured in measures.items():
        rows = [row for row in measured.get("rows", ()) if _key(row)]
        if rows:
            protocol = measured.get("protocol", {})
            found += [_of_row(name, row, protocol) for row in rows]
        else:
            found += _of_verdict(name, verdicts.get(name) or {})
    return found


def _key(row):
    return next((key for key in _DRAWN if row.get(key)), None)


def _of_row(name, row, protocol):
    labels, *told = _DRAWN[_key(row)]
    facts = {k: v for k, v in protocol.items() if k not in _NOT_SHARED}
    options = protocol.get("options", {}).get(row["method"])
    return Measurement(
        Column(name, row["method"], row[labels], PERCENT, told=tuple(told)),
        row.get("kind", row["encoder"]),
        row["encoder"],
        tuple(100 * value for value in row[_key(row)]),
        {**facts, "options": options} if options else facts,
        row.get("on", ""),
    )


def _of_verdict(name, verdict: Mapping[str, Any]) -> Iterable[Measurement]:
    figures = verdict.get("figures", {})
    if verdict.get("unit") == _OF_ITS_OWN or "pretrained" not in figures:
        return
    lower = verdict.get("lower_is_better", False)
    column = Column(name, "", None, verdict["unit"], lower)
    for kind, value in figures.items():
        encoder = verdict["against"] if kind == "input" else kind
        yield Measurement(column, kind, encoder, (float(value),))


@dataclass(frozen=True)
class Gain:
    """How much better one is than another.

    Attributes:
        mean: In the unit of the figures, above 0 where it is better.
        half_width: Half of the 95 % interval of the mean, None where there is none.
        over: "seeds" or "label draws", over which the interval is.
        pairs: How many pairs there are; 0 where they are not paired.
    """

    mean: float
    half_width: float | None
    over: str
    pairs: int


def gain(
    own: Mapping[int, tuple[float, ...]],
    other: Mapping[int, tuple[float, ...]],
    lower_is_better: bool = False,
) -> Gain:
    """Returns how much better one is than another, over what they share.

    Runs of one seed saw the same labels in each draw: they are pairs. Of several
    seeds, each gives one difference, the mean over its draws, and the interval is
    Student's t over them; of one seed it is over its draws. Where no seed is shared,
    the interval is Welch's for two means.

    Args:
        own: Figures of the draws by seed.
        other: The same of what it is compared with.
        lower_is_better: Whether a smaller figure is the better one.

    Example:
        >>> found = gain({0: (5.0, 5.0), 1: (6.0, 6.0)}, {0: (4.0, 4.0), 1: (4.0, 4.0)})
        >>> found.mean, found.over, found.pairs
        (1.5, 'seeds', 2)
    """
    sign = -1 if lower_is_better else 1
    shared = sorted(own.keys() & other.keys())
    if not shared:
        return _unpaired(own, other, sign)
    pairs = [
        [sign * (a - b) for a, b in zip(own[seed], other[seed], strict=False)]
        for seed in shared
    ]
    if len(shared) == 1 and len({*own[shared[0]]}) == len({*other[shared[0]]}) == 1:
        return Gain(pairs[0][0], None, "label draws", 1)  # all labels: nothing is drawn
    means = [float(np.mean(each)) for each in pairs]
    values = means if len(shared) > 1 else pairs[0]
    over = "seeds" if len(shared) > 1 else "label draws"
    return Gain(*paired_interval(values), over, len(values))


def _unpaired(own, other, sign):
    from scipy import stats

    means = [
        [float(np.mean(draws)) for draws in each.values()] for each in (own, other)
    ]
    mean = sign * (np.mean(means[0]) - np.mean(means[1]))
    if min(map(len, means)) < 2:
        return Gain(float(mean), None, "seeds", 0)
    low, high = stats.ttest_ind(*means, equal_var=False).confidence_interval()
    return Gain(float(mean), float(high - low) / 2, "seeds", 0)


def nearest(numbers: Iterable[int | None], wanted: int) -> int | None:
    """Returns the number of labels that is nearest in ratio; None stands for all.

    Example:
        >>> nearest([1, 5, 50, None], 10)
        5
    """
    found = [number for number in numbers if number is not None]
    if not found:
        return None
    return min(found, key=lambda number: (abs(np.log(number / wanted)), number))


def best_of_kinds(
    found: Iterable[Measurement], column: Column
) -> dict[str, Measurement]:
    """Returns {kind: the best measurement of it} in a column.

    No method trains an input: beside fine-tuning stands what an input does best.

    Example:
        >>> column = Column("classification", "knn", 10, PERCENT)
        >>> two = [Measurement(column, "input", each, (value,))
        ...     for each, value in (("raw pixels", 70.0), ("PCA", 60.0))]
        >>> best_of_kinds(two, column)["input"].encoder
        'raw pixels'
    """
    best: dict[str, Measurement] = {}
    for each in found:
        beside = each.kind == "input" and column.method == "fine_tune"
        wanted = replace(column, method=each.column.method) if beside else column
        if each.column == wanted:
            held = best.get(each.kind)
            if held is None or _better(each, held):
                best[each.kind] = each
    return best


def _better(one, other):
    difference = float(np.mean(one.draws) - np.mean(other.draws))
    return difference < 0 if one.column.lower_is_better else difference > 0
