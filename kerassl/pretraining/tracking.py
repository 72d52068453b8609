"""Runs in Weights & Biases or MLflow, by their own callbacks for Keras."""

import contextlib
import importlib
import json
import math

from kerassl import files, runs
from kerassl.checks import check_one_of
from kerassl.errors import MissingPackage

# Which run of the tracker a folder's run is, so that one that goes on goes on there.
TRACKED = "tracked.json"
# What the trackers call the project, or the experiment.
PROJECT = "kerassl"
# MLflow refuses longer values of parameters.
MOST_CHARACTERS = 6000


@contextlib.contextmanager
def tracking(track, plan, path):
    """Context in which a run is tracked; its value is the `Tracker`.

    Args:
        track: A key of `TRACKERS`, or None.
        plan: The run's configuration, which becomes the parameters.
        path: The run's folder.
    """
    tracker = Tracker() if track is None else TRACKERS[track](plan, path)
    try:
        yield tracker
    except BaseException:
        tracker.end(failed=True)
        raise
    tracker.end()


def check_track(track):
    """Raises unless a tracker is known and installed.

    Args:
        track: What was given, None for no tracker.

    Raises:
        ValueError: If it is not known.
        ImportError: If its package is not installed.
    """
    if track is None:
        return
    check_one_of("track", track, TRACKERS)
    try:
        importlib.import_module(TRACKERS[track].callbacks_of)
    except ImportError as error:
        raise MissingPackage(
            f"`track` {track!r} needs the extra kerassl[{track}]: "
            f"pip install 'kerassl[{track}]'. {error}"
        ) from error


class Tracker:
    """Where a run is seen beside its folder: here nowhere."""

    def callbacks(self):
        """Returns the callbacks of `fit`."""
        return []

    def tell(self, run):
        """Writes the figures of a report.

        Args:
            run: The `kerassl.Run`, measured.
        """

    def end(self, failed=False):
        """Ends the run.

        Args:
            failed: Whether by an error.
        """


class WandbTracker(Tracker):
    """A run in Weights & Biases; `WANDB_MODE=offline` keeps it on this machine.

    Args:
        plan: The run's configuration.
        path: The run's folder, where the files are written.
    """

    callbacks_of = "wandb.integration.keras"

    def __init__(self, plan, path):
        import wandb

        self._run = wandb.init(
            project=PROJECT,
            name=plan["name"],
            config=plan,
            dir=path,
            id=_earlier(path, "wandb"),
            resume="allow",
        )
        _note(path, "wandb", self._run.id)

    def callbacks(self):
        from wandb.integration.keras import WandbMetricsLogger

        return [WandbMetricsLogger()]

    def tell(self, run):
        self._run.summary.update(figures(run.report))

    def end(self, failed=False):
        self._run.finish(exit_code=int(failed))


class MLflowTracker(Tracker):
    """A run in MLflow, where `MLFLOW_TRACKING_URI` says.

    Args:
        plan: The run's configuration.
        path: The run's folder.
    """

    callbacks_of = "mlflow.keras"

    def __init__(self, plan, path):
        import mlflow

        mlflow.set_experiment(PROJECT)
        known = _earlier(path, "mlflow")
        run = mlflow.start_run(run_id=known, run_name=plan["name"])
        _note(path, "mlflow", run.info.run_id)
        if known is None:
            mlflow.log_params(parameters(plan))

    def callbacks(self):
        from mlflow.keras import MlflowCallback

        return [MlflowCallback()]

    def tell(self, run):
        import mlflow

        mlflow.log_metrics(figures(run.report))

    def end(self, failed=False):
        import mlflow

        mlflow.end_run("FAILED" if failed else "FINISHED")


TRACKERS = {"wandb": WandbTracker, "mlflow": MLflowTracker}


def figures(report):
    """Returns the numbers that a report's measures found, by dotted names.

    Args:
        report: A run's report, a dict.

    Example:
        >>> figures({"verdict": {}, "transfer": {"knn": {"mean": 0.5, "n": "20"}}})
        {'transfer.knn.mean': 0.5}
    """
    measured = ("transfer", "held_out", "measures", "training_seconds", "steps")
    found = _flat({key: report[key] for key in measured if report.get(key) is not None})
    return {
        name: float(value)
        for name, value in found.items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }


def parameters(plan):
    """Returns a plan as parameters: dotted names, values as short strings.

    Args:
        plan: A run's configuration.

    Example:
        >>> parameters({"recipe": {"steps": 20}, "measures": ["classification"]})
        {'recipe.steps': '20', 'measures': '["classification"]'}
    """
    return {
        name: value if isinstance(value, str) else json.dumps(value)[:MOST_CHARACTERS]
        for name, value in _flat(plan).items()
    }


def _flat(values, before=""):
    """Returns nested dicts as one of dotted names."""
    found = {}
    for key, value in values.items():
        name = f"{before}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found


def _earlier(path, track):
    """Returns the id of the run that a folder's run has in a tracker, or None."""
    file = path / TRACKED
    return runs.read_json(file).get(track) if file.is_file() else None


def _note(path, track, run_id):
    file = path / TRACKED
    known = runs.read_json(file) if file.is_file() else {}
    files.write_json(file, {**known, track: run_id})
