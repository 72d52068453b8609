"""Which runs are compared: those of the same data, one subject for their seeds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerassl.errors import InvalidType, InvalidValue
from kerassl.pretraining.task import NOT_OF_THE_PRESET
from kerassl.runs import Run, difference
from kerassl.transfer.measurements import Measurement, measurements
from kerassl.use.trained import run_of

# What of a run's configuration does not decide what was trained.
_NOT_TRAINED = (*NOT_OF_THE_PRESET, "summary", "paper", "transfer", "measures")
# What the run notes of the data beside what they are.
_DATA_NOTES = ("notes", "skipped_first", "scikit-learn")
# A label is not longer than this.
_MOST_CHARACTERS = 44


@dataclass
class Subject:
    """Runs that differ by their seed alone.

    Attributes:
        label: How tables call it.
        runs: {seed: `kerassl.Run`}.
        found: {seed: list of `Measurement`}.
    """

    label: str
    runs: dict[int, Run] = field(default_factory=dict)
    found: dict[int, list[Measurement]] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of one of the runs."""
        return next(iter(self.runs.values())).config


def opened(runs: Iterable[Any]) -> list[Run]:
    """Returns the runs that are named.

    Args:
        runs: Folders, presets' names, or `kerassl.Run`.

    Raises:
        TypeError: If it is no list of them.
        ValueError: If there is none, or one is named twice.
        FileNotFoundError: If there is no such run.
    """
    if isinstance(runs, str | Path | Run) or not isinstance(runs, Iterable):
        raise InvalidType(
            "`runs` must be a list of runs, or of their folders. Received: "
            f"{type(runs).__name__}"
        )
    found = [run_of(each) for each in runs]
    if not found:
        raise InvalidValue("`runs` must name a run or more. Received: none")
    places = [run.path.resolve() for run in found]
    for run in found:
        if places.count(run.path.resolve()) > 1:
            raise InvalidValue(f"`runs` must name each run once. Received: {run.path}")
    return found


def subjects(runs: list[Run]) -> tuple[list[Subject], list[str]]:
    """Returns the subjects that can be compared, and why others cannot.

    The first run that was measured says which data the others must share.

    Args:
        runs: As `opened` gives them.

    Returns:
        List of `Subject`, and a list of lines, one for each run left out.

    Raises:
        ValueError: If two runs are of one configuration and one seed.
    """
    measured, left_out = [], []
    for run in runs:
        reason = _not_measured(run) or _other(measured, run)
        if reason:
            left_out.append(f"Not compared: {run.path}, {reason}.")
        else:
            measured.append(run)
    found: dict[str, Subject] = {}
    for run in measured:
        key = json.dumps(trained_by(run.config), sort_keys=True)
        subject = found.setdefault(key, Subject(run.config["name"]))
        _add(subject, run)
    _label(list(found.values()))
    return list(found.values()), left_out


def trained_by(config: dict) -> dict:
    """Returns what of a configuration decides what is trained, but for the seed."""
    return {k: v for k, v in config.items() if k not in _NOT_TRAINED}


def _not_measured(run):
    if run.report is None:
        return "which is not finished: the command that began it resumes it"
    if not run.measures:
        return f"which was not evaluated: `kerassl evaluate {run.path}` does it"
    return None


def _other(measured, run):
    """Returns how a run's data are others than those of the first, or None."""
    if not measured:
        return None
    first = measured[0]
    for what, facts in (("data", _data), ("examples beside its data", _tested)):
        found = difference(facts(first), facts(run))
        if found:
            return f"which has other {what} than {first.path}: {found}"
    return None


def _data(run):
    return _facts(run.config.get("data_used", {}))


def _tested(run):
    """Returns what a run tells of examples that were given beside those of its data."""
    return {
        key: _facts(value)
        for key, value in run.config.items()
        if key.endswith("_used") and key != "data_used"
    }


def _facts(used):
    return {key: value for key, value in used.items() if key not in _DATA_NOTES}


def _add(subject, run):
    seed = run.config["seed"]
    if seed in subject.runs:
        raise InvalidValue(
            f"`runs` must not count a seed twice: {subject.runs[seed].path} and "
            f"{run.path} are both {subject.label} with seed {seed}."
        )
    subject.runs[seed] = run
    subject.found[seed] = measurements(run.measures, run.report.get("verdict", {}))


def _label(found):
    """Gives subjects of one name labels that tell them apart."""
    for name in {each.label for each in found}:
        same = [each for each in found if each.label == name]
        if len(same) > 1:
            told = _told_apart([trained_by(each.config) for each in same])
            for each, values in zip(same, told, strict=True):
                short = len(name) + len(values) <= _MOST_CHARACTERS
                folder = next(iter(each.runs.values())).path.name
                each.label = f"{name} ({values if short else folder})"


def _told_apart(configs):
    """Returns the values that differ between configurations, in words."""
    flat = [_flat(config) for config in configs]
    keys = list(dict.fromkeys(key for each in flat for key in each))
    differ = [k for k in keys if len({json.dumps(f.get(k)) for f in flat}) > 1]
    return [
        ", ".join(f"{key} {json.dumps(each.get(key))}" for key in differ)
        for each in flat
    ]


def _flat(config, prefix=""):
    found = {}
    for key, value in config.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found
