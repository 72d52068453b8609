"""Everything that decides a run, and whether a folder holds that run."""

import shutil

from kerassl import models, zoo
from kerassl import run as folder
from kerassl.errors import InvalidValue
from kerassl.run import Run


def configured(preset, data, overrides):
    """Returns a preset's sections, and "reading" where `data` has options."""
    overrides = dict(overrides or {})
    own = [key for key in overrides if key.startswith("data.") and data is not None]
    reading = {key.removeprefix("data."): overrides.pop(key) for key in own}
    plan = zoo.override(zoo.config(preset), overrides)
    return {**plan, "reading": reading} if reading else plan


def run_plan(preset_or_task, data, overrides, steps, batch_size, seed):
    """Returns everything that decides a run, as one JSON-ready dict."""
    if isinstance(preset_or_task, models.PretextModel):
        plan = _task_plan(preset_or_task, overrides)
    else:
        plan = configured(preset_or_task, data, overrides)
    recipe = plan["recipe"]
    recipe["steps"] = _positive("steps", steps, recipe.get("steps"))
    recipe["batch_size"] = _positive("batch_size", batch_size, recipe.get("batch_size"))
    if "total_steps" in plan["model"] and "model.total_steps" not in (overrides or {}):
        # A schedule of the model's own, such as BYOL's tau, ends with the run.
        plan["model"]["total_steps"] = recipe["steps"]
    return {**plan, "seed": checked_seed(seed)}


def checked_seed(seed):
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
        "recipe": {"batch_size": 256},
        "transfer": {},
    }


def _positive(name, value, default):
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidValue(f"`{name}` must be an integer >= 1. Received: {value!r}")
    return value


def match(path, plan, write):
    """Returns the finished run in `path`, None if there is none.

    Raises if a run of another configuration is there. Where none has begun, its
    configuration is written if `write`.
    """
    config = path / folder.CONFIG
    if not config.is_file():
        if write:
            folder.write_json(config, plan)
        return None
    run = Run(path)
    found = folder.difference(run.config, plan)
    if found and (path / folder.HISTORY).exists():
        raise InvalidValue(
            f"{path} holds a run of another configuration: {found}. Choose another "
            "folder with `out`, or remove this one."
        )
    if found and write:  # but training never began, as with a mistyped option
        shutil.rmtree(path / folder.TOKENIZER, ignore_errors=True)
        folder.write_json(config, plan)
    return run if run.report else None
