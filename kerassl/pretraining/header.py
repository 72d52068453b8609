"""What a run tells of itself before it trains."""

import shutil
import sys
import textwrap

import numpy as np

from kerassl import distribute
from kerassl.pretraining.matching import stages
from kerassl.pretraining.recipe import rates, run_recipe
from kerassl.pretraining.schedules import told
from kerassl.pretraining.training import resumed_step

# A text always has some rare characters; more unknown tokens than this are told.
TOLD_SHARE = 0.01
# Letters of the first column.
COLUMN = 10


def header(plan, rules, read, task, path, made):
    """Returns the lines that say what will be done, and what the data changed.

    Args:
        plan: The run's configuration, fitted to its data.
        rules: The `Rules` of its recipe.
        read: The `Examples` of the run.
        task: The task, its networks built.
        path: The run's folder.
        made: What it will be measured by; None where it was asked not to be.
    """
    more = {"test": read.test, "choose": read.validation}
    held = "".join(
        f"; {len(part):,} more to {use} on"
        for use, part in more.items()
        if part is not None
    )
    facts = {
        "run": f"{plan['name']} in {path}",
        "device": distribute.devices_told(task),
        "examples": f"{len(read.train):,} {read.train.unit}{held}",
        "encoder": _sizes(task),
        "training": _training(plan),
        "resumed": _resumed(plan, resumed_step(path)),
        "measures": _measures(made, read.test),
    }
    lines = [f"{name:<{COLUMN}}{fact}" for name, fact in facts.items() if fact]
    # As read: what training a tokenizer notes is told here, resumed runs included.
    notes = plan["data_used"].get("notes", [])
    return [*lines, *changes(plan, rules, task), *notes]


def tell(lines):
    """Writes lines to the error stream, folded where that is a terminal."""
    for line in lines:
        if sys.stderr.isatty():
            width = max(shutil.get_terminal_size().columns, 3 * COLUMN)
            line = textwrap.fill(line, width, subsequent_indent=" " * COLUMN)
        print(line, file=sys.stderr)


def _training(plan):
    recipe, stage = run_recipe(plan), stages(plan)[-1]
    words = [f"{recipe['steps']:,} steps of {recipe['batch_size']:,}"]
    if "learning_rate" in recipe or "optimizer" in recipe:  # no task of one's own
        words.append(_schedule(recipe, stage))
    return "; ".join(words)


def _resumed(plan, start):
    steps = plan["recipe"]["steps"]
    anew = start and stages(plan)[-1]["start"] == start
    schedule = ", with a new schedule" if anew else ""
    return f"from step {start:,} of {steps:,}{schedule}" if start else ""


def _sizes(task):
    encoder, whole = (
        sum(int(np.prod(v.shape)) for v in model.weights)
        for model in (task.encoder, task)
    )
    return f"{encoder:,} parameters; {whole:,} with all that trains it"


def _measures(made, test):
    if made is None:
        return "none, as asked for"
    if test is None:
        return "none: nothing was kept out to test on"
    return " | ".join(each.told() for each in made)


def changes(plan, rules, task):
    """Returns sentences on what a run has other than its preset names, and why."""
    recipe, said = run_recipe(plan), []
    asked = plan["recipe"]["batch_size"]
    if recipe["batch_size"] != asked:
        said.append(
            f"Batch {asked:,} -> {recipe['batch_size']:,}: there are not more examples."
        )
    if rules.scaling != "none" and recipe["batch_size"] != rules.batch_size:
        said.append(
            f"The learning rate follows the batch ({rules.scaling}): the preset's is "
            f"for {rules.batch_size:,}."
        )
    wanted = plan.get("tokenizer", {}).get("vocabulary_size")
    tokenizer = getattr(task.pretext, "tokenizer", None)
    if wanted and tokenizer is not None and tokenizer.vocabulary_size() < wanted:
        said.append(
            f"Vocabulary {wanted:,} -> {tokenizer.vocabulary_size():,}: the texts do "
            "not give more."
        )
    unknown = plan.get("unknown_share", 0.0)
    if unknown > TOLD_SHARE:
        said.append(f"{unknown:.1%} of the tokens are unknown to the vocabulary.")
    return said


def _schedule(recipe, stage):
    shown = ", ".join(
        f"{rate:.3g} ({player})" if player else f"{rate:.3g}"
        for player, rate in rates(recipe).items()
    )
    warmup = stage["warmup_steps"]
    after = f" after {warmup:,} step{'s'[: warmup > 1]} of warm-up" if warmup else ""
    return f"learning rate {shown}{after}{told(recipe)}"
