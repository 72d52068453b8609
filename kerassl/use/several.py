"""Several presets and seeds, pretrained one after another and compared."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerassl import distribute, zoo
from kerassl.checks import user_path
from kerassl.errors import InvalidType, InvalidValue, TrainingDiverged
from kerassl.pretraining import pretrain
from kerassl.pretraining.plan import checked_seed, run_plan
from kerassl.runs import Run, make_folder
from kerassl.use.comparing import RunComparison, compare

# Of what `pretrain` takes, what `pretrain_all` gives it for each run.
_GIVEN = ("preset_or_task", "data", "out", "seed")
_MOST_CHARACTERS = 100


@dataclass(frozen=True)
class RunGroup:
    """What `pretrain_all` leaves behind.

    Attributes:
        runs: The finished runs.
        failed: {folder of a run that diverged: its `TrainingDiverged`}.
        comparison: The `RunComparison` of the finished runs, None where there is
            nothing to compare.
        files: The comparison's files.
        reason: Why there is no comparison, empty where there is one.
    """

    runs: list[Run]
    failed: dict[str, TrainingDiverged] = field(default_factory=dict)
    comparison: RunComparison | None = None
    files: list[Path] = field(default_factory=list)
    reason: str = ""

    def to_markdown(self, width: int | None = None) -> str:
        """Returns the comparison, and what diverged.

        Args:
            width: As in `RunComparison.to_markdown`.
        """
        found = self.comparison
        parts = [found.to_markdown(width) if found else self.reason]
        if self.failed:
            count = len(self.failed) + len(self.runs)
            parts.append(
                f"{len(self.failed)} of {count} runs diverged and are left out:"
            )
            parts += [f"- {folder}: {error}" for folder, error in self.failed.items()]
        return "\n\n".join(parts)


def pretrain_all(
    presets: Sequence[str | Path],
    data: Any = None,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    out: Any = None,
    progress: bool = True,
    **options: Any,
) -> RunGroup:
    """Pretrains presets with several seeds each, and compares them.

    Each run lies in a folder of its own, "runs/PRESET-seedN". Calling again with the
    same arguments finds what is finished and resumes what was killed. A run that
    diverges is counted and left out of the comparison, and the others go on. The
    comparison is written beside the runs, "comparison-PRESETS.md", `.json` and `.png`.

    Args:
        presets: Names of presets, or paths of presets of your own.
        data: As in `kerassl.pretrain`, the same for all. None takes each preset's
            own, which are compared where they are the same.
        seeds: Integers; each preset is pretrained with each.
        out: The folder of all runs; "runs" by default.
        progress: As in `kerassl.pretrain`; also whether to say which run it is.
        **options: Of `kerassl.pretrain`, the same for all, such as `steps`.

    Returns:
        A `RunGroup`.

    Raises:
        TypeError: If `presets` or `seeds` is no list, or an option is unknown.
        ValueError: If one is empty or holds something twice, or an argument does not
            fit a preset.

    Example:
        >>> found = pretrain_all(["simclr_digits", "vicreg_digits"])  # doctest: +SKIP
        >>> print(found.to_markdown())  # doctest: +SKIP
    """
    names = _checked(presets, seeds, data, options)
    check_options(options)
    folder = user_path(Path("runs") if out is None else out, "out")
    strategy = options.pop("strategy", "auto")
    if not hasattr(strategy, "scope"):  # once: the processor is split once
        strategy = distribute.strategy(strategy)
    planned = [(preset, name, seed) for preset, name in names.items() for seed in seeds]
    runs, failed = [], {}
    for number, (preset, name, seed) in enumerate(planned, 1):
        place = folder / f"{name}-seed{seed}"
        if progress:
            told = f"Run {number} of {len(planned)}: {name}, seed {seed}, in {place}"
            print(told, file=sys.stderr)
        given = {"out": place, "seed": seed, "strategy": strategy, **options}
        try:
            runs.append(pretrain(preset, data, progress=progress, **given))
        except TrainingDiverged as error:
            failed[str(place)] = error
            if progress:
                print(f"It diverged: {error}", file=sys.stderr)
    if not distribute.is_chief(strategy):
        return RunGroup(runs, failed, reason="The first process compares.")
    return _compared(runs, failed, folder, list(names.values()))


def check_options(options: dict) -> None:
    """Raises unless all options are those of `pretrain`.

    Raises:
        TypeError: If one is unknown.
    """
    known = [n for n in inspect.signature(pretrain).parameters if n not in _GIVEN]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InvalidType(
            f"There is no option `{unknown[0]}`. There are: {', '.join(sorted(known))}."
        )


def check_seeds(seeds: Any) -> None:
    """Raises unless seeds are a list of different integers.

    Raises:
        TypeError: If they are no list of integers.
        ValueError: If there is none, one is given twice, or one is out of range.
    """
    _check_list("seeds", seeds, int, "integers")
    for seed in seeds:
        checked_seed(seed)


def _checked(presets, seeds, data, options):
    """Returns {preset: its name}, all that can be checked before training checked."""
    _check_list("presets", presets, str | Path, "presets' names or paths")
    check_seeds(seeds)
    names = {preset: zoo.config(preset)["name"] for preset in presets}
    if len(set(names.values())) < len(names):
        raise InvalidValue(f"`presets` must have names of their own. Received: {names}")
    asked = [options.get(key) for key in ("overrides", "steps", "batch_size")]
    for preset in presets:
        try:
            run_plan(preset, data, *asked, seeds[0])
        except ValueError as error:
            if len(presets) == 1:
                raise
            raise InvalidValue(f"{preset}: {error}") from error
    if data is None:
        _warn_of_other_data(presets, options.get("overrides"))
    return names


def _check_list(name, values, kind, words):
    listed = isinstance(values, Sequence) and not isinstance(values, str)
    if not listed or not all(isinstance(each, kind) for each in values):
        raise InvalidType(f"`{name}` must be a list of {words}. Received: {values!r}")
    if not values or len(set(values)) < len(values):
        raise InvalidValue(
            f"`{name}` must hold one or more, each once. Received: {list(values)!r}"
        )


def _warn_of_other_data(presets, overrides):
    """Warns of presets that read other data, before hours are spent on them."""
    asked = {k: v for k, v in (overrides or {}).items() if k.startswith("data.")}
    read = [zoo.override(zoo.config(preset), asked)["data"] for preset in presets]
    other = [p for p, data in zip(presets, read, strict=True) if data != read[0]]
    if other:
        warnings.warn(
            f"{', '.join(map(str, other))} and {presets[0]} read other data of their "
            "own, and such runs are not compared. Name data for all.",
            stacklevel=4,
        )


def _compared(runs, failed, folder, names):
    """Returns the group of runs, its comparison written beside them."""
    if not runs:
        return RunGroup(runs, failed, reason="No run came to its end.")
    try:
        found = compare(runs)
    except InvalidValue as error:  # such as without labels: the runs are there
        return RunGroup(runs, failed, reason=f"Nothing was compared: {error}")
    stem = f"comparison-{'-'.join(names)}"
    if len(stem) > _MOST_CHARACTERS:
        stem = f"comparison-{names[0]}-and-{len(names) - 1}-more"
    make_folder(folder)
    paths = [folder / f"{stem}{ending}" for ending in (".md", ".json", ".png")]
    for path in paths:
        found.save(path)
    return RunGroup(runs, failed, found, paths)
