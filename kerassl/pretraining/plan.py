"""Everything that decides a run, as one dict in JSON's types."""

from pathlib import Path

from kerassl import models, zoo
from kerassl.checks import check_positive_integers
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pretraining.facts import ask, fill
from kerassl.pretraining.recipe import Rules
from kerassl.zoo.catalog import TOLD

# Of a task of one's own, where nothing else is said.
BATCH_SIZE = 256
# Share of examples without labels that is kept out of training to measure on.
HELD_OUT = 0.05


def configured(preset, data, overrides):
    """Returns a preset's sections, and "reading" where `data` has options."""
    overrides = dict(overrides or {})
    own = [key for key in overrides if key.startswith("data.") and data is not None]
    reading = {key.removeprefix("data."): overrides.pop(key) for key in own}
    plan = zoo.override(zoo.config(preset), overrides)
    for told in TOLD:
        plan.pop(told, None)
    return {**plan, "reading": reading} if reading else plan


def run_plan(preset_or_task, data, overrides, steps, batch_size, seed):
    """Returns everything that decides a run, and the rules of its recipe.

    Args:
        preset_or_task: As in `pretrain`, as are the others.

    Returns:
        plan: A dict with a preset's sections, numbers in the place of rules.
        rules: The `Rules` by which the recipe's numbers follow from each other.
    """
    if overrides is not None and not isinstance(overrides, dict):
        raise InvalidType(
            "`overrides` must be a dict of dotted keys. Received: "
            f"{type(overrides).__name__}"
        )
    overrides = overrides or {}
    if isinstance(preset_or_task, models.PretextModel):
        plan = _task_plan(preset_or_task, overrides)
        named = BATCH_SIZE
    elif isinstance(preset_or_task, str | Path):
        plan = configured(preset_or_task, data, overrides)
        named = zoo.config(preset_or_task)["recipe"].get("batch_size")
    else:
        raise InvalidType(
            "`preset_or_task` must be a preset's name, the path of a preset of your "
            f"own, or a task. Received: {type(preset_or_task).__name__}"
        )
    recipe = plan["recipe"]
    recipe["steps"] = _positive("steps", steps, recipe.get("steps"))
    asked = batch_size is not None or "recipe.batch_size" in overrides
    batch_size = _positive("batch_size", batch_size, recipe.get("batch_size"))
    recipe["batch_size"] = batch_size
    ask(plan, overrides)
    fill(plan, steps=recipe["steps"])
    rules = Rules.of(recipe, named or batch_size, overrides, may_shrink=not asked)
    plan["recipe"] = rules.resolve(batch_size)
    return {**plan, "seed": checked_seed(seed), "held_out": HELD_OUT}, rules


def checked_seed(seed):
    """Returns a seed, or raises where it is no integer from 0 to 2**32 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise InvalidValue(
            f"`seed` must be an integer from 0 to 2**32 - 1. Received: {seed!r}"
        )
    return seed


def _task_plan(task, overrides):
    if overrides:
        raise InvalidValue(
            "`overrides` change a preset; a task is changed where it is made. "
            f"Received: {overrides!r}"
        )
    return {
        "name": task.name,
        "model": {"class": type(task).__name__, "config": task.get_config()},
        "recipe": {"batch_size": BATCH_SIZE},
        "transfer": {},
    }


def _positive(name, value, default):
    value = default if value is None else value
    check_positive_integers(**{name: value})
    return value
