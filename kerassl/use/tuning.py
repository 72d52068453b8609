"""Values of a preset, chosen on validation data and then tested once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerassl import distribute, files, transfer, zoo
from kerassl.checks import user_path
from kerassl.errors import InvalidValue, TrainingDiverged
from kerassl.pretraining import pretrain
from kerassl.pretraining.plan import run_plan
from kerassl.runs import make_folder
from kerassl.transfer.measurements import Gain, gain
from kerassl.use.several import check_options, check_seeds, pretrain_all
from kerassl.use.tuning_result import Tuned
from kerassl.use.tuning_trials import (
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
    pretrained on all training data, and measured on the test data once.

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
    check_values(values, trials)
    check_seeds(seeds)
    check_options({**options, "overrides": overrides})
    search_for = _Search(preset, values, data, seeds, dict(overrides or {}), options)
    folder = user_path(out or Path("runs") / f"{search_for.name}-tuned", "out")
    if progress:
        count = min(trials or combinations(values), combinations(values))
        search_for.told = f"of {count}"
    search_for.folder = make_folder(folder) / "trials"
    search(values, trials, seeds[0], search_for.score)
    best, ahead = search_for.best()
    group = pretrain_all(
        [preset],
        data,
        seeds=seeds,
        out=folder / folder_of(best),
        overrides={**search_for.overrides, **best},
        progress=progress,
        **{**options, "strategy": search_for.strategy},
    )
    return search_for.result(best, ahead, group, folder)


class _Search:
    """The trials of a search, and what they reached.

    Args:
        preset: As in `tune`, as are the others.
    """

    told = ""
    folder = Path()

    def __init__(self, preset, values, data, seeds, overrides, options):
        self.preset, self.seeds, self.overrides = preset, seeds, overrides
        self.name = zoo.config(preset)["name"]
        strategy = options.get("strategy", "auto")
        if strategy == "multi_worker":
            raise InvalidValue(
                f"`strategy` of a search must be of one process. Received: {strategy!r}"
            )
        is_one = hasattr(strategy, "scope")
        self.strategy = strategy if is_one else distribute.strategy(strategy)
        self.options = {k: options[k] for k in _OF_TRIALS if k in options}
        self.options["strategy"] = self.strategy
        plan = self._plan(data, {})
        for key, choices in values.items():
            for choice in choices:
                self._plan(data, {key: choice})
        self.parts = {
            seed: parted({**plan, "seed": seed}, data, seed) for seed in seeds
        }
        check_judged(plan, self.parts[seeds[0]], list(values))
        self.tried: list[tuple[dict, dict[int, Validated]]] = []
        self.diverged: list[TrainingDiverged] = []

    def _plan(self, data, values):
        sizes = (self.options.get(key) for key in ("steps", "batch_size"))
        asked = {**self.overrides, **values}
        plan, _ = run_plan(self.preset, data, asked, *sizes, self.seeds[0])
        transfer.check_options(plan.get("transfer", {}), "transfer.")
        return plan

    def score(self, values: dict) -> float:
        """Returns how good values are, the higher the better."""
        found: dict[int, Validated] = {}
        self.tried.append((values, found))
        if self.told:
            where = f"Trial {len(self.tried)} {self.told}: {told(values)}"
            print(where, file=sys.stderr)
        try:
            for seed in self.seeds:
                found[seed] = self._validated(values, seed, self.parts[seed])
        except TrainingDiverged as error:
            self.diverged.append(error)
            raise
        sign = -1 if found[self.seeds[0]].lower_is_better else 1
        return sign * float(np.mean([np.mean(each.draws) for each in found.values()]))

    def _validated(self, values, seed, parts: Parts) -> Validated:
        # How the data are read is settled: they are given as a source.
        kept = {k: v for k, v in self.overrides.items() if not k.startswith("data.")}
        progress = bool(self.told)
        run = pretrain(
            self.preset,
            parts.fit,
            out=self.folder / f"{folder_of(values)}-seed{seed}",
            seed=seed,
            overrides={**kept, **values},
            evaluate=False,
            progress=progress,
            **self.options,
        )
        return validated(run, parts, progress)

    def best(self) -> tuple[dict, Gain | None]:
        """Returns the best values, and how much better they are than the next."""
        ended = self._ended()
        if not ended:
            raise self.diverged[-1]
        lower = self._told_by(ended).lower_is_better
        ended.sort(key=lambda each: _mean(each[1]), reverse=not lower)
        (best, own), others = ended[0], ended[1:]
        if not others:
            return best, None
        draws = [{s: each.draws for s, each in x.items()} for x in (own, others[0][1])]
        return best, gain(*draws, lower_is_better=lower)

    def _ended(self):
        return [each for each in self.tried if len(each[1]) == len(self.seeds)]

    def _told_by(self, ended) -> Validated:
        return ended[0][1][self.seeds[0]]

    def result(self, best, ahead, group, folder) -> Tuned:
        """Returns all of it, written to the folder."""
        by = self._told_by(self._ended())
        found = Tuned(
            rows=[_row(values, reached, self.seeds) for values, reached in self.tried],
            best=best,
            by=f"{by.by}, on {by.examples:,} validation examples",
            unit=by.unit,
            lower_is_better=by.lower_is_better,
            ahead=ahead,
            group=group,
            files=tuple(
                folder / f"tuned{ending}" for ending in (".md", ".json", ".png")
            ),
        )
        page, table, picture = found.files
        files.write_text(page, found.to_markdown() + "\n")
        files.write_json(table, found.to_dict())
        with files.atomic(picture) as unfinished:
            found.figure().savefig(unfinished, dpi=150, bbox_inches="tight")
        return found


def _mean(reached):
    return float(np.mean([np.mean(each.draws) for each in reached.values()]))


def _row(values, reached, seeds):
    """Returns what values reached, in JSON's types."""
    row = {"values": values, "diverged": len(reached) < len(seeds)}
    if row["diverged"]:
        return {**row, "figures": [], "mean": None, "std": None}
    figures = [float(np.mean(each.draws)) for each in reached.values()]
    several = figures if len(figures) > 1 else reached[seeds[0]].draws
    std = float(np.std(several, ddof=1)) if len(several) > 1 else 0.0
    return {**row, "figures": figures, "mean": float(np.mean(figures)), "std": std}
