"""Runs seen in Weights & Biases and MLflow, without a network."""

import json
import sys

import numpy as np
import pytest
from toy import Corrupt, Restore, encoder

import kerassl
from kerassl.errors import UserError
from kerassl.pretraining.tracking import figures, parameters

X = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")


def pretrain(path, track):
    task = Restore(encoder(), Corrupt())
    task.compile("adam", jit_compile=False)
    return kerassl.pretrain(
        task,
        X,
        out=path,
        steps=3,
        batch_size=8,
        evaluate=False,
        progress=False,
        track=track,
    )


@pytest.mark.filterwarnings("ignore")  # of the tracker's own
def test_wandb_has_the_plan_the_history_and_the_report(tmp_path, monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    seen, logged, finish = {}, [], wandb.Run.finish
    monkeypatch.setattr(
        wandb.Run, "log", lambda run, values: logged.append(dict(values))
    )

    def noted(run, exit_code=None):
        seen.update(summary=dict(run.summary), config=dict(run.config), code=exit_code)
        finish(run, exit_code)

    monkeypatch.setattr(wandb.Run, "finish", noted)
    run = pretrain(tmp_path, "wandb")
    assert [row["epoch/epoch"] for row in logged] == [0, 1, 2]
    assert all(np.isfinite(row["epoch/loss"]) for row in logged)
    assert seen["config"]["recipe"]["steps"] == 3 and seen["code"] == 0
    assert seen["summary"]["training_seconds"] == run.report["training_seconds"]
    known = json.loads((tmp_path / "tracked.json").read_text())
    assert list(tmp_path.glob(f"wandb/*{known['wandb']}"))


@pytest.mark.filterwarnings("ignore")
def test_mlflow_has_the_plan_the_history_and_the_report(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(f"file://{tmp_path}/mlruns")
    run = pretrain(tmp_path / "run", "mlflow")
    known = json.loads((run.path / "tracked.json").read_text())
    found = mlflow.get_run(known["mlflow"])
    assert found.data.params["recipe.steps"] == "3"
    assert found.data.metrics["steps"] == 3.0
    history = mlflow.MlflowClient().get_metric_history(known["mlflow"], "loss")
    assert sorted(each.step for each in history) == [0, 1, 2]
    assert found.info.status == "FINISHED"


@pytest.mark.parametrize("track", ["wandb", "mlflow"])
def test_a_missing_tracker_names_its_extra(track, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, track, None)
    for name in [n for n in sys.modules if n.startswith(f"{track}.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UserError, match=rf"kerassl\[{track}\]") as raised:
        pretrain(tmp_path / "run", track)
    assert "\n" not in str(raised.value) and not (tmp_path / "run").exists()


def test_figures_are_finite_numbers_and_parameters_short():
    report = {"transfer": {"a": {"b": float("nan"), "c": 1}}, "steps": 2, "data": {}}
    assert figures(report) == {"transfer.a.c": 1.0, "steps": 2.0}
    assert len(parameters({"long": ["x" * 9000]})["long"]) == 6000
