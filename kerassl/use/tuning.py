"""Values of a preset, chosen on validation data and then tested once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from kerassl import distribute, transfer
from kerassl.checks import user_path
from kerassl.errors import InvalidValue, TrainingDiverged
from kerassl.pretraining import pretrain
from kerassl.pretraining.plan import run_plan
from kerassl.runs import make_folder
from kerassl.transfer.measurements import Gain, gain
from kerassl.use.several import check_options, check_seeds, pretrain_all
from kerassl.use.tuning_result import Tuned
from kerassl.use.tuning_trials import (
    check_installed,
    check_values,
    combinations,
    folder_of,
    search,
    told,
)
from kerassl.use.validating import Parts, Validated, check_judged, parted, validated

# What trials take of the options of a run.
_OF_TRIALS = ("steps", "batch_size", "strategy", "checkpoint_seconds")


def tune(
    preset: str | Path,
    values: Mapping[str, Sequence[Any]],
    data: Any = None,
    *,
    trials: int | None = None,
    seeds: Sequence[int] = (0,),
    out: Any = None,
    overrides: Mapping[str, Any] | None = None,
    progress: bool = True,
    **options: Any,
) -> Tuned:
    """Tries values of a preset, and tests those that are best on validation data.

    A fifth of the training data, drawn by the seed, is kept out of each trial. The
    trial is judged on it: by the linear probe, or the first measure that the preset
    has, with labels from the rest of the training data; without any such measure by
    the loss. No trial reads a test example. With the best values the preset is then
    pretrained on all training data, and measured on the test data once. A trial goes to
    its last step: `early_stop` and `validation_data` are for that last training.

    Trials come from Keras Tuner (`pip install "kerassl[tune]"`). Each is a run in a
    folder of its own, so that calling again goes on where it was stopped.

    Args:
        preset: A preset's name, or the path of a preset of your own.
        values: {dotted key: list of values}, such as {"model.temperature": [0.1, 0.2]};
            of several keys all combinations are tried.
        data: As in `kerassl.pretrain`.
        trials: How many combinations are drawn at random; None for all.
        seeds: Integers; each trial is run with each, and judged by the mean.
        out: The folder of all runs; "runs/PRESET-tuned" by default.
        overrides: As in `kerassl.pretrain`, for all trials.
        progress: As in `kerassl.pretrain`; also whether to say which trial it is.
        **options: Of `kerassl.pretrain`, such as `steps`.

    Returns:
        A `Tuned`.

    Raises:
        ImportError: If Keras Tuner is not installed.
        TypeError: If an argument is of another kind, or unknown.
        ValueError: If a value does not fit the preset, or without labels values that
            change the loss are to be compared.
        TrainingDiverged: If every trial diverged.

    Example:
        >>> values = {"model.temperature": [0.1, 0.2, 0.5]}
        >>> found = tune("simclr_digits", values, steps=100)  # doctest: +SKIP
        >>> found.best  # doctest: +SKIP
        {'model.temperature': 0.2}
    """
    check_installed()
    check_values(values, trials)
    check_seeds(seeds)
    check_options({**options, "overrides": overrides})
    asked, strategy = dict(overrides or {}), _of_one_process(options)
    common = {key: options[key] for key in _OF_TRIALS if key in options}
    plan = _checked_plan(preset, values, data, asked, common, seeds[0])
    parts = {seed: parted(plan, data, seed) for seed in seeds}
    check_judged(plan, parts[seeds[0]], list(values))
    folder = user_path(out or Path("runs") / f"{plan['name']}-tuned", "out")
    made = _Trials(
        preset,
        # How the data are read is settled: a trial is given them as a source.
        {key: value for key, value in asked.items() if not key.startswith("data.")},
        {**common, "strategy": strategy, "progress": progress},
        parts,
        make_folder(folder) / "trials",
        min(trials or combinations(values), combinations(values)),
    )
    search(values, trials, seeds[0], made.score)
    best, ahead = made.best()
    group = pretrain_all(
        [preset],
        data,
        seeds=seeds,
        out=folder / folder_of(best),
        overrides={**asked, **best},
        progress=progress,
        **{**options, "strategy": strategy},
    )
    found = Tuned(made.rows(), best, *made.judged_by(), ahead, group, folder)
    found.write()
    return found


def _of_one_process(options):
    """Returns the strategy of all trials, made once: it may split the processor."""
    strategy = options.get("strategy", "auto")
    if strategy == "multi_worker":
        raise InvalidValue(
            f"`strategy` of a search must be of one process. Received: {strategy!r}"
        )
    return strategy if hasattr(strategy, "scope") else distribute.strategy(strategy)


def _checked_plan(preset, values, data, overrides, options, seed):
    """Returns the plan without the values, after each of these was checked."""
    sizes = [options.get(key) for key in ("steps", "batch_size")]
    for key, choices in values.items():
        for choice in choices:
            run_plan(preset, data, {**overrides, key: choice}, *sizes, seed)
    plan, _ = run_plan(preset, data, overrides, *sizes, seed)
    transfer.check_options(plan.get("transfer", {}), "transfer.")
    return plan


@dataclass
class _Trials:
    """The trials of a search, and what they reached.

    Attributes:
        preset: As in `tune`.
        overrides: What is changed of it in every trial.
        options: Of `pretrain`, for every trial.
        parts: {seed: the `Parts` of the training data}.
        folder: Of their runs.
        count: How many there will be.
        tried: List of (values, {seed: `Validated`}), of fewer seeds where one diverged.
        diverged: The errors of those.
    """

    preset: str | Path
    overrides: dict
    options: dict
    parts: dict[int, Parts]
    folder: Path
    count: int
    tried: list[tuple[dict, dict[int, Validated]]] = field(default_factory=list)
    diverged: list[TrainingDiverged] = field(default_factory=list)

    def score(self, values: dict) -> float:
        """Returns how good values are, the higher the better."""
        found: dict[int, Validated] = {}
        self.tried.append((values, found))
        if self.options["progress"]:
            place = f"Trial {len(self.tried)} of {self.count}"
            print(f"{place}: {told(values)}", file=sys.stderr)
        try:
            for seed, parts in self.parts.items():
                found[seed] = validated(self._run(values, seed), parts)
        except TrainingDiverged as error:
            self.diverged.append(error)
            raise
        lower = next(iter(found.values())).lower_is_better
        return -_mean(found) if lower else _mean(found)

    def _run(self, values, seed):
        return pretrain(
            self.preset,
            self.parts[seed].fit,
            out=self.folder / f"{folder_of(values)}-seed{seed}",
            seed=seed,
            overrides={**self.overrides, **values},
            evaluate=False,
            **self.options,
        )

    def best(self) -> tuple[dict, Gain | None]:
        """Returns the best values, and how much better they are than the next."""
        ended = [each for each in self.tried if self._ended(each[1])]
        if not ended:
            raise self.diverged[-1]
        *_, lower = self.judged_by()
        ended.sort(key=lambda each: _mean(each[1]), reverse=not lower)
        draws = [{s: each.draws for s, each in found.items()} for _, found in ended]
        ahead = gain(draws[0], draws[1], lower) if len(draws) > 1 else None
        return ended[0][0], ahead

    def _ended(self, found):
        return len(found) == len(self.parts)

    def judged_by(self) -> tuple[str, str, bool]:
        """Returns what trials were judged by, its unit, and whether lower is better."""
        found = next(each for _, each in self.tried if self._ended(each))
        one = next(iter(found.values()))
        by = f"{one.by}, on {one.examples:,} validation examples"
        return by, one.unit, one.lower_is_better

    def rows(self) -> list[dict]:
        """Returns what was tried, as the rows of a `Tuned`."""
        return [self._row(*each) for each in self.tried]

    def _row(self, values, found):
        if not self._ended(found):
            reached = {"figures": [], "mean": None, "std": None, "diverged": True}
            return {"values": values, **reached}
        figures = [float(np.mean(each.draws)) for each in found.values()]
        several = figures if len(figures) > 1 else [*found.values()][0].draws
        return {
            "values": values,
            "figures": figures,
            "mean": _mean(found),
            "std": float(np.std(several, ddof=1)) if len(several) > 1 else 0.0,
            "diverged": False,
        }


def _mean(found):
    return float(np.mean([np.mean(each.draws) for each in found.values()]))
