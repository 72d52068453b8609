"""What a run is worth on a part of its training data, to choose settings by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerassl import files
from kerassl.data import Subset
from kerassl.data.windows import windows_for
from kerassl.errors import InvalidValue
from kerassl.pretraining.examples import sources
from kerassl.pretraining.measuring import labels_wanted, measures_of
from kerassl.pretraining.recipe import run_recipe
from kerassl.runs import Run, read_json
from kerassl.transfer.measurements import measurements
from kerassl.transfer.options import METHODS
from kerassl.use.comparing_rows import PRETRAINED, Line, headline

# What a run was judged by, kept in its folder.
VALIDATION = "validation.json"
# Whose values leave the loss what it is, so that losses can be compared.
_SAME_LOSS = ("recipe.", "encoder.")


@dataclass(frozen=True)
class Parts:
    """The training data in two parts; the test data are no part of them.

    Attributes:
        fit: The `Source` to pretrain on, and to learn labels from.
        validation: The `Source` to judge on, a fifth, drawn with the seed.
    """

    fit: Any
    validation: Any


@dataclass(frozen=True)
class Validated:
    """What a run reached on the validation part.

    Attributes:
        draws: A figure for each draw of labels, one where nothing is drawn.
        by: What it is, such as "linear probe, 10 a class".
        unit: Such as "%".
        lower_is_better: Whether a smaller figure is the better one.
        examples: Validation examples.
    """

    draws: tuple[float, ...]
    by: str
    unit: str
    lower_is_better: bool
    examples: int


def parted(plan: dict, data: Any, seed: int) -> Parts:
    """Returns the training data of a run in two parts.

    Args:
        plan: The run's configuration; it is not changed.
        data: As in `kerassl.pretrain`.
        seed: Integer, draws the validation part; also what is kept out to test on.

    Raises:
        ValueError: If there are too few examples.
    """
    plan = dict(plan)
    kinds = labels_wanted(plan, measures_of(plan))
    train, _ = sources(plan, data, seed, kinds)
    # As a part: a source of files may bring its test examples along.
    whole = Subset(train, np.arange(len(train)))
    asked = {"modality": plan["modality"]}
    fit, validation = sources(asked, whole, seed, {*kinds, None})
    if validation is None:
        raise InvalidValue("`data` are too few examples to keep some out to choose by.")
    return Parts(fit, validation)


def check_judged(plan: dict, parts: Parts, keys: list[str]) -> None:
    """Raises where runs would be compared by losses that are not of one kind.

    Args:
        plan: The run's configuration.
        parts: Its data.
        keys: The dotted keys whose values differ between the runs.

    Raises:
        ValueError: If nothing but the loss can be measured, and a key changes it.
    """
    labels = parts.validation.labels
    kind = None if labels is None else parts.validation.label_kind
    measures = [m for m in measures_of(plan) if m.needs in (None, kind)]
    found = [measure for measure in measures if not measure.fallback]
    if any(not measure.unseen for measure in found):
        return
    # Measures of the task itself: by their own scale, or in the end by its loss.
    same = (*_SAME_LOSS, "model.") if found else _SAME_LOSS
    changing = [key for key in keys if not key.startswith(same)]
    if changing:
        raise InvalidValue(
            f"`values`: {changing[0]} changes {'the task' if found else 'the loss'} "
            "itself, and without labels there is nothing else to choose by. Give data "
            "with labels, or choose among values of the recipe or the encoder."
        )


def validated(run: Run, parts: Parts) -> Validated:
    """Returns what a run reaches on the validation part, and keeps it in its folder.

    It is the figure of the first measure that fits, of the linear probe where there
    is one; where none fits, the loss.

    Args:
        run: A run that was trained on `parts.fit`.
        parts: The data.
    """
    plan = {**run.config, "transfer": _asked(run.config.get("transfer", {}))}
    kept = run.path / VALIDATION
    if kept.is_file() and (held := read_json(kept)).get("transfer") == plan["transfer"]:
        return Validated(**{**held["found"], "draws": tuple(held["found"]["draws"])})
    found = _measured(run, plan, parts)
    files.write_json(kept, {"transfer": plan["transfer"], "found": asdict(found)})
    return found


def _asked(transfer):
    """Returns what a comparison is asked for: one method, no control."""
    methods = transfer.get("methods", METHODS)
    method = "linear_probe" if "linear_probe" in methods else methods[0]
    return {**transfer, "methods": [method], "controls": []}


def _measured(run, plan, parts):
    task, count = run.task, len(parts.validation)
    for measure in measures_of(plan, task):
        if measure.left_out(task, parts.validation) is None:
            seed = run.config["seed"]
            options = {"seed": seed, "progress": False}
            result = measure(task, parts.fit, parts.validation, **options)
            verdict = getattr(result, "verdict", None)
            told = {measure.name: verdict.to_dict()} if verdict else {}
            found = measurements({measure.name: result.to_dict()}, told)
            lines = [
                Line(each.column, each.kind, "", {seed: each.draws})
                for each in found
                if each.kind == PRETRAINED
            ]
            if lines:
                best = headline(lines)[0]
                column = best.column
                by = f"{column.title}, {column.budget}" if column.told else column.title
                draws = best.seeds[seed]
                return Validated(draws, by, column.unit, column.lower_is_better, count)
    return Validated((_loss(task, run, parts.validation),), "loss", "", True, count)


def _loss(task, run, validation):
    if len(task.players()) > 1:
        raise InvalidValue(
            "`values` cannot be chosen by the loss of a task whose players have a loss "
            "each. Give data with labels."
        )
    examples = windows_for(validation, task.pretext)
    batch_size = min(run_recipe(run.config)["batch_size"], len(examples))
    batches = task.dataset(examples, batch_size=batch_size)
    return float(task.evaluate(batches, verbose=0, return_dict=True)["loss"])
