"""Runs that end before their last step: who ends them, and what is told of it."""

import keras

from kerassl import callbacks, distribute, files, runs
from kerassl.checks import check_integer
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pretraining.matching import stages

# Beside the checkpoints, and none of them: the weights of the least val_loss.
BEST = "best.npz"


def check_callbacks(given):
    """Returns a user's callbacks as a list.

    Args:
        given: What was given as `callbacks`.

    Raises:
        TypeError: If one is no callback of Keras.
    """
    given = [] if given is None else keras.tree.flatten(given)
    for each in given:
        if not isinstance(each, keras.callbacks.Callback):
            raise InvalidType(
                "`callbacks` must be a list of keras.callbacks.Callback. Received: "
                f"{type(each).__name__}"
            )
    return given


def stopping_plan(early_stop, restore_best, validation_data):
    """Returns what a run's plan says of early stopping, nothing where it has none.

    Args:
        early_stop: As in `pretrain`, as are the others.
        restore_best: See `early_stop`.
        validation_data: See `early_stop`.

    Raises:
        ValueError: If `early_stop` is no patience, or there is nothing to watch.
    """
    if early_stop is None:
        if restore_best:
            raise InvalidValue(
                "`restore_best` must be False where a run does not stop early: give "
                "`early_stop`, the lines of the history to wait for."
            )
        return {}
    check_integer("early_stop", early_stop, least=1)
    if validation_data is None:
        raise InvalidValue(
            "`early_stop` watches the loss on examples that are not trained on: give "
            "`validation_data` too."
        )
    return {"early_stop": {"patience": early_stop, "restore_best": bool(restore_best)}}


def stopper(plan, path, rows, start):
    """Returns the run's `EarlyStop`, None where its plan has none.

    Args:
        plan: The run's configuration.
        path: The run's folder.
        rows: The lines of the history so far.
        start: The step at which training starts.
    """
    asked = plan.get("early_stop")
    if asked is None:
        return None
    begun = stages(plan)[-1]["start"]  # one that is lengthened waits anew
    return callbacks.EarlyStop(
        asked["patience"],
        rows=[row for row in rows if row["step"] > begun],
        start=start,
        best=path / runs.CHECKPOINTS / BEST if asked["restore_best"] else None,
    )


def finish(task, plan, path, step, stop):
    """Notes in the plan how a run ended, and restores its best weights if asked.

    Args:
        task: The task.
        plan: The run's configuration.
        path: The run's folder.
        step: The last step that was made.
        stop: The run's `EarlyStop`, or None.
    """
    before, found = plan.pop("stopped", None), {}
    if step < plan["recipe"]["steps"]:
        early = stop is not None and stop.stopped_step is not None
        why = stop.reason if early else "a callback set `stop_training`"
        found = {"step": step, "why": why}
    if stop is not None and stop.best is not None and stop.best.is_file():
        stop.restore_best()
        found |= {"step": step, "weights_of_step": stop.least_step}
    if found:
        plan["stopped"] = found
    if plan.get("stopped") != before and distribute.is_chief(task):
        files.write_json(path / runs.CONFIG, plan)


def told(plan):
    """Returns sentences of a report on how a run ended, none if as planned.

    Args:
        plan: The run's configuration.
    """
    found, steps = plan.get("stopped"), plan["recipe"]["steps"]
    if found is None:
        return []
    said = []
    if found["step"] < steps:
        said.append(f"Stopped at step {found['step']:,} of {steps:,}: {found['why']}.")
    kept = found.get("weights_of_step")
    if kept is None:
        said.append("The weights are the last ones.")
    else:
        said.append(f"The weights are those of step {kept:,}, of the least val_loss.")
    return said
