"""The training itself: where it starts, what it writes on the way and at the end."""

import builtins
import re

import tensorflow as tf

from kerassl import callbacks, distribute, files, pictures, runs
from kerassl.errors import InvalidValue
from kerassl.pretext.encoder_input import described_input
from kerassl.pretraining.embedding_board import EmbeddingBoard
from kerassl.pretraining.examples import drawn, prepared
from kerassl.pretraining.recipe import run_recipe
from kerassl.pretraining.stopping import finish, stopper
from kerassl.pretraining.watching import watched

# One line of the history, and one chance for a checkpoint, per this share of
# the run, so that a curve has about 50 points whatever the length.
LINES = 50
# Pictures of what the task makes of some examples, beside that of the untrained one.
DRAWINGS = 4
# What the training is called among the parts of a run.
TRAINING = "training"


def work_left(plan, path):
    """Returns what is left to train, as a measure's `work` counts it."""
    steps = plan["recipe"]["steps"] - resumed_step(path)
    return 3.0 * steps * run_recipe(plan)["batch_size"]


def resumed_step(path):
    """Returns the step that a run goes on from, 0 where it begins."""
    found = callbacks.latest_checkpoint(path / runs.CHECKPOINTS)
    return found[1] if found else 0


def train_task(
    task,
    examples,
    plan,
    path,
    progress,
    checkpoint_seconds=30.0,
    validation=None,
    own=(),
):
    """Trains up to the run's last step, from its last checkpoint on.

    Args:
        task: The compiled task.
        examples: The `Source` to train on, as the task reads it.
        plan: The run's configuration.
        path: The run's folder.
        progress: The `RunProgress` to show it in.
        checkpoint_seconds: As in `pretrain`.
        validation: `Source` to watch the loss on, or None.
        own: Callbacks of the user's.
    """
    steps = plan["recipe"]["steps"]
    batch_size = run_recipe(plan)["batch_size"]
    checkpoints = path / runs.CHECKPOINTS
    start = _restore(task, checkpoints)
    at_once = task.steps_per_execution
    if steps % at_once:
        raise InvalidValue(
            f"`steps` must be a multiple of {at_once}, the `steps_per_execution` that "
            f"the task was compiled with. Received: {steps}"
        )
    epoch_steps = max(1, steps // at_once // LINES) * at_once
    log = callbacks.RunLog(
        path / runs.HISTORY,
        batch_size=batch_size,
        start=start,
        tensorboard=path / runs.TENSORBOARD,
    )
    end = callbacks.StopAtStep(steps, start=start)
    stop = stopper(plan, path, log.rows, start)
    monitors = [
        *_watchers(task, examples, plan, path, log),
        *([stop] if stop else []),
        *own,
        EmbeddingBoard(path / runs.TENSORBOARD, examples),
        callbacks.Checkpoint(
            checkpoints, start=start, every_seconds=checkpoint_seconds
        ),
        end,
        callbacks.ProgressBar(steps, start=start, bar=progress),
    ]
    held_out = watched(task, validation, batch_size, plan["seed"])
    if stop and held_out is None:
        raise InvalidValue(
            f"`early_stop` must be None for {type(task).__name__}: it has no loss on "
            "examples that it is not trained on."
        )
    if start < steps and not (stop and stop.stopped_step):
        dataset = task.dataset(
            examples, batch_size=batch_size, seed=plan["seed"], start=start
        )
        try:
            with progress.part(TRAINING):
                task.fit(
                    dataset,
                    initial_epoch=start // epoch_steps,
                    epochs=-(-steps // epoch_steps),
                    steps_per_epoch=epoch_steps,
                    validation_data=held_out,
                    callbacks=monitors,
                    verbose=0,
                )
        except tf.errors.OpError as error:
            raise _told(error) from error
    finish(task, plan, path, end.step, stop)


def _watchers(task, examples, plan, path, log):
    """Returns the callbacks that watch a training and write what they see."""
    small = {} if task.can_collapse else {"min_std": 0.0, "min_rank": 0.0}
    return [
        callbacks.StopOnNaN(path / runs.CHECKPOINTS),
        callbacks.CollapseMonitor(prepared(task.pretext, examples, limit=256), **small),
        *([log] if distribute.is_chief(task) else []),
        callbacks.SampleGrid(
            path / runs.PICTURES,
            drawn(examples),
            every=max(1, plan["recipe"]["steps"] // DRAWINGS),
            title=f"What {plan['name']} gives",
            log=log,
        ),
    ]


def _told(error):
    """Returns what went wrong inside the input pipeline, as it was raised there.

    TensorFlow wraps an error of Python in a text of many lines, with its name.
    """
    found = re.search(r"^(?:[\w.]+\.)?(\w+): (.+)$", error.message, re.MULTILINE)
    if found and found[1] in ("InvalidValue", "InvalidType"):
        return InvalidValue(found[2])
    if found and issubclass(getattr(builtins, found[1], object), OSError):
        return OSError(found[2])
    # The assertions of pretext layers, over what streams deliver.
    found = re.search(r"assertion failed: \[(.*)\]$", error.message, re.MULTILINE)
    if found:
        return InvalidValue(found[1].replace("] [", " "))
    if isinstance(error, tf.errors.NotFoundError):
        return FileNotFoundError(error.message)
    return error


def save(task, path):
    """Writes the task and its encoders; "encoder", the last, tells that all is done."""
    encoders = {f"{name}.keras": model for name, model in task.encoders().items()}
    first = encoders.pop(runs.ENCODER)
    takes = described_input(task.pretext, task.encoder)
    files.write_json(path / runs.INPUT, takes)
    for name, model in {runs.TASK: task, **encoders, runs.ENCODER: first}.items():
        with files.atomic(path / name) as unfinished:
            model.save(unfinished)


def _restore(task, checkpoints):
    found = callbacks.latest_checkpoint(checkpoints)
    if found is None:
        return 0
    callbacks.restore_checkpoint(task, found[0])
    return found[1]


def draw_training(task, train, plan, path):
    figure = task.pretext.draw(drawn(train), tf.constant([plan["seed"], 0], tf.int64))
    told = f"What {plan['name']} makes of examples to learn from them"
    pictures.save(figure, path / runs.VIEWS, told)
    rows = callbacks.read_log(path / runs.HISTORY)
    pictures.save(pictures.loss_curve(rows), path / runs.LOSS)
