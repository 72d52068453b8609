"""The figures of a comparison of runs, and their paired differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kerassl.runs import difference
from kerassl.transfer.measurements import (
    Column,
    Gain,
    Measurement,
    best_of_kinds,
    gain,
    nearest,
)
from kerassl.transfer.options import in_order
from kerassl.use.comparing_runs import Subject

PRETRAINED = "pretrained"
# The number of labels at which runs are judged, by the key of a report's rule.
LABELS = 10

# Of a protocol what is the same with every seed; the seed may divide the data.
_OF_ANY_SEED = ("options", "validation_share", "features", "test_examples", "classes")

Draws = dict[int, tuple[float, ...]]


@dataclass
class Line:
    """What one subject or control reached in a column, by seed.

    Attributes:
        column: The `Column`.
        kind: As in `Measurement`.
        label: How tables call it.
        seeds: {seed: figures of the draws}.
    """

    column: Column
    kind: str
    label: str
    seeds: Draws

    @property
    def means(self) -> list[float]:
        """The mean over the draws, for each seed."""
        return [float(np.mean(draws)) for draws in self.seeds.values()]

    def to_row(self) -> dict:
        """Returns it in JSON's types."""
        several = self.means if len(self.means) > 1 else [*self.seeds.values()][0]
        return {
            **_names(self.column),
            "unit": self.column.unit,
            "kind": self.kind,
            "encoder": self.label,
            "seeds": list(self.seeds),
            "figures": self.means,
            "mean": float(np.mean(self.means)),
            "std": float(np.std(several, ddof=1)) if len(several) > 1 else 0.0,
            "std_over": "seeds" if len(self.means) > 1 else "label draws",
        }


def lines(subjects: list[Subject]) -> tuple[list[Line], list[str]]:
    """Returns the lines of all columns that the subjects share, and notes.

    A control is one line, whichever run it is of: an input, and the random and
    supervised networks of one encoder, with the same seed are the same in all runs.

    Args:
        subjects: As `comparing_runs.subjects` gives them.
    """
    found, notes = [], []
    for column in _columns(subjects):
        own, said = _of_one_protocol(column, subjects)
        notes += said
        if len(own) >= min(2, len(subjects)):
            shown = {line.label for line in own}
            beside = [each for each in subjects if each.label in shown]
            found += _cut([*own, *_controls(column, beside)], own)
    return found, in_order(notes)


def _columns(subjects) -> list[Column]:
    return in_order(
        each.column
        for subject in subjects
        for measurements in subject.found.values()
        for each in measurements
        if each.kind == PRETRAINED
    )


def _of_one_protocol(column, subjects):
    """Returns the lines of the subjects that were measured as the first was."""
    found, notes, known = [], [], {}
    for subject in subjects:
        line = Line(column, PRETRAINED, subject.label, {})
        for seed, each in _measured(subject, column, PRETRAINED):
            other = _otherwise(each.protocol, known, seed)
            if other is None:
                known.setdefault(seed, each.protocol)
                line.seeds[seed] = each.draws
            else:
                notes.append(
                    f"Not compared {column.by}: {subject.label} with seed {seed} was "
                    f"measured otherwise: {other}."
                )
        if line.seeds:
            found.append(line)
    return found, notes


def _otherwise(protocol, known, seed):
    """Returns how a protocol differs from the known ones, {seed: protocol}, or None."""
    if seed in known:
        return difference(known[seed], protocol)
    for first in known.values():
        return difference(
            *({k: p.get(k) for k in _OF_ANY_SEED} for p in (first, protocol))
        )
    return None


def _measured(subject, column, kind) -> Iterable[tuple[int, Measurement]]:
    for seed, measurements in subject.found.items():
        for each in measurements:
            if each.column == column and each.kind == kind:
                yield seed, each


def _controls(column, subjects):
    found: dict[tuple, Line] = {}
    for subject in subjects:
        for kind in ("input", "random", "supervised"):
            for seed, each in _measured(subject, column, kind):
                owner = "" if kind == "input" else repr(_encoder(subject))
                key = (kind, each.encoder, owner)
                line = found.setdefault(key, Line(column, kind, each.encoder, {}))
                line.seeds.setdefault(seed, each.draws)
    return _named(found, subjects)


def _encoder(subject):
    """Returns what decides the random and supervised networks of a subject."""
    config = subject.config
    made_of = config.get("encoder") or config.get("model")
    return made_of, config.get("transfer", {}).get("pooling")


def _named(found, subjects):
    """Returns the controls, with whose encoder it is where there are several."""
    for (kind, name, owner), line in found.items():
        if sum(key[:2] == (kind, name) for key in found) > 1:
            first = next(s for s in subjects if repr(_encoder(s)) == owner)
            line.label = f"{name} of {first.label}"
    return sorted(found.values(), key=lambda line: line.kind)


def _cut(found, own):
    """Returns lines with as many draws as all subjects have."""
    most = min(len(draws) for line in own for draws in line.seeds.values())
    for line in found:
        line.seeds = {seed: draws[:most] for seed, draws in line.seeds.items()}
    return found


def headline(found: list[Line]) -> list[Line]:
    """Returns the subjects' lines by which runs are judged, the best first.

    They are those of the linear probe where there is one, else of the first method,
    at the measured number of labels that is nearest to 10 in ratio.

    Args:
        found: As `lines` gives them.
    """
    own = [line for line in found if line.kind == PRETRAINED]
    probes = [line for line in own if line.column.method == "linear_probe"]
    first = (probes or own)[0].column
    same = [
        each
        for each in own
        if (each.column.measure, each.column.method) == (first.measure, first.method)
    ]
    labels = nearest((each.column.labels for each in same), LABELS)
    judged = [each for each in same if each.column.labels == labels]
    lower = first.lower_is_better
    return sorted(judged, key=lambda line: np.mean(line.means), reverse=not lower)


def differences(found: list[Line], best: str) -> list[dict]:
    """Returns how much better the best subject is than each other, by column.

    Args:
        found: As `lines` gives them.
        best: The label of the subject that the others are compared with.
    """
    own = [line for line in found if line.kind == PRETRAINED]
    return [
        _difference(first, other)
        for first in own
        for other in own
        if first.label == best != other.label and first.column == other.column
    ]


def _names(column):
    names = ("measure", "method", "title", "labels", "budget", "digits")
    return {name: getattr(column, name) for name in names}


def _difference(first, other):
    better = between(first, other)
    return {
        **_names(first.column),
        "unit": first.column.points,
        "encoder": first.label,
        "against": other.label,
        "mean": better.mean,
        "half_width": better.half_width,
        "paired": bool(better.pairs),
        "pairs": better.pairs,
        "over": better.over,
    }


def between(first: Line, other: Line) -> Gain:
    """Returns how much better one line is than another of its column."""
    return gain(first.seeds, other.seeds, first.column.lower_is_better)


def over_input(line: Line, subject: Subject) -> tuple[str, Gain] | None:
    """Returns the best input and how much better a subject's line is than it.

    Args:
        line: The line of the subject.
        subject: The `Subject`.
    """
    inputs = {
        seed: best_of_kinds(measurements, line.column).get("input")
        for seed, measurements in subject.found.items()
    }
    seeds = {seed: each.draws for seed, each in inputs.items() if each is not None}
    if not seeds:
        return None
    names = in_order(each.encoder for each in inputs.values() if each is not None)
    better = gain(line.seeds, seeds, line.column.lower_is_better)
    return " or ".join(names), better
