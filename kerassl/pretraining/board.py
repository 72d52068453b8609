"""What TensorBoard shows of a run beside its curves: report, pictures, settings."""

import tensorflow as tf

from kerassl import runs
from kerassl.callbacks.events import write_picture
from kerassl.pretraining.recipe import run_recipe

# The end of the name of the event file that holds all this; it is written anew with
# each report, so that nothing piles up.
SUFFIX = ".report"
# Of a plan, what is no setting that runs differ by.
NO_SETTINGS = {
    *("summary", "paper", "modality", "data", "examples", "data_used", "reading"),
    *("measures", "transfer", "format", "stages", "fitted", "unknown_share"),
}
# A table of more columns is no longer read.
MOST_SETTINGS = 100


def write_board(run):
    """Writes the page, the pictures, the settings and the verdicts of a run.

    The settings make a table over all runs below a folder, `tensorboard --logdir`
    of it, in which each run's verdicts and losses stand beside them.

    Args:
        run: A `kerassl.runs.Run` with its report.
    """
    folder = run.path / runs.TENSORBOARD
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"*{SUFFIX}"):
        old.unlink()
    writer = tf.summary.create_file_writer(str(folder), filename_suffix=SUFFIX)
    with writer.as_default(step=run.report["steps"]):
        _write_settings(run)
        page = (run.path / runs.REPORT_PAGE).read_text("utf-8")
        tf.summary.text("report", page)
        for picture in sorted(run.path.glob("*.png")):
            # A tag of its own: "loss" is a curve already.
            write_picture(f"pictures/{picture.stem}", picture)
        for name, verdict in run.report["verdict"].items():
            unit = verdict["unit"].replace(" ", "_")
            tf.summary.scalar(f"verdict/{name}_{unit}", verdict["difference"])
    writer.close()


def settings(plan):
    """Returns the settings of a run as one dict of plain values by dotted names.

    Args:
        plan: The run's configuration.

    Example:
        >>> plan = {"name": "a", "summary": "b", "model": {"temperature": 0.2}}
        >>> settings({**plan, "recipe": {"steps": 5}})
        {'name': 'a', 'model.temperature': 0.2, 'recipe.steps': 5}
    """
    told = {key: value for key, value in plan.items() if key not in NO_SETTINGS}
    found = dict(_flat({**told, "recipe": run_recipe(plan)}))
    return dict(list(found.items())[:MOST_SETTINGS])


def _flat(values, prefix=""):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, bool | int | float | str):
            yield f"{prefix}{key}", value
        elif isinstance(value, list) and not any(isinstance(v, dict) for v in value):
            yield f"{prefix}{key}", str(value)


def _write_settings(run):
    from tensorboard.plugins.hparams import api

    api.hparams(settings(run.config), trial_id=run.path.resolve().name)
