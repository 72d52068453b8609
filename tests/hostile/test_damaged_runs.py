"""A run's folder in which something is broken, missing or not what it was."""

import json
import shutil

import numpy as np
import pytest
from hostile_inputs import in_time, refused, short

import kerassl
from kerassl.errors import UserError
from kerassl.runs import Run

DEEP = "[" * 200_000
OPTIONS = {
    "encoder.strides": [2],
    "encoder.widths": [4],
    "transfer.labels_per_class": [5],
    "transfer.draws": 1,
    "transfer.methods": ["knn"],
    "transfer.controls": [],
}


def pretrain(path, **options):
    return kerassl.pretrain(
        "simclr_digits",
        out=path,
        progress=False,
        overrides=OPTIONS,
        **{"steps": 4, "batch_size": 16, **options},
    )


def evaluate(path):
    return kerassl.evaluate(path, progress=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return pretrain(tmp_path_factory.mktemp("runs") / "whole").path


@pytest.fixture
def run(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "run")


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


# How a file is spoilt, by what then stands in it.
SPOILT = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("hello"),
    "half": half,
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 9),
    "list": lambda path: path.write_text("[]"),
    "number": lambda path: path.write_text("5"),
    "null": lambda path: path.write_text("null"),
    "deep": lambda path: path.write_text(DEEP),
}
JSON = ("run.json", "report.json", "files.json")


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("name", ["run.json", "report.json"])
def test_a_description(run, name, how):
    SPOILT[how](run / name)
    for call in (lambda: Run(run), lambda: pretrain(run), lambda: evaluate(run)):
        refused(f"{name} is damaged", call)


@pytest.mark.parametrize("how", SPOILT)
def test_the_fingerprints(run, how):
    # Digits come from no file: what is written of files is not read for them.
    SPOILT[how](run / "files.json")
    assert pretrain(run).report


@pytest.mark.parametrize("how", ["empty", "text", "half", "binary", "deep"])
@pytest.mark.parametrize("name", ["encoder", "task"])
def test_a_saved_model(run, name, how):
    SPOILT[how](run / f"{name}.keras")
    refused(f"{name}.keras", lambda: getattr(Run(run), name))


@pytest.mark.parametrize("how", ["binary", "number", "null", "deep", "list"])
def test_a_history(run, how):
    text = (run / "history.jsonl").read_text()
    SPOILT[how](run / "history.jsonl")
    with open(run / "history.jsonl", "ab") as file:
        file.write(b"\n" + text.encode())
    refused("history.jsonl is damaged in line 1", lambda: evaluate(run))


def test_a_history_without_a_step(run):
    (run / "history.jsonl").write_text("")
    refused("history.jsonl tells of no step", lambda: evaluate(run))


def unfinished(run):
    for name in ("report.json", "encoder.keras", "task.keras"):
        (run / name).unlink()
    return next((run / "checkpoints").iterdir())


@pytest.mark.parametrize("how", ["empty", "text", "half", "binary"])
def test_a_checkpoint(run, how):
    SPOILT[how](unfinished(run))
    refused("checkpoint .* is damaged", lambda: pretrain(run))


def pickled(path):
    np.savez(path, **{"00000:x": np.array([{}], object)})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: np.savez(path), "of another model or optimizer"),
        (lambda path: np.savez(path, a=np.ones(3)), "of another model or optimizer"),
        (pickled, "of another model or optimizer"),
    ],
    ids=["nothing", "another", "pickled"],
)
def test_a_checkpoint_of_something_else(run, spoil, message):
    path = unfinished(run)
    spoil(path)
    refused(message, lambda: pretrain(run))


def test_a_checkpoint_with_a_pickle_in_a_variables_place(run):
    path = unfinished(run)
    with np.load(path) as file:
        arrays = dict(file)
    first = next(iter(arrays))
    np.savez(path, **{**arrays, first: np.array([{}], object)})
    refused("is damaged|another model", lambda: pretrain(run))


def test_a_run_without_its_configuration(run):
    (run / "run.json").unlink()
    refused("no run.json that says", lambda: pretrain(run, batch_size=8))


@pytest.mark.parametrize(
    "change",
    [{"batch_size": 8}, {"seed": 1}, {"data": np.zeros((30, 8, 8, 1), "uint8")}],
    ids=short,
)
def test_another_configuration(run, change):
    if "data" in change:
        change = {"data": change["data"]}
    refused("another configuration", lambda: pretrain(run, **change))


@pytest.mark.parametrize(
    "missing", ["recipe", "model", "data", "encoder", "pretext", "name", "seed"]
)
def test_a_configuration_that_lacks_a_section(run, missing):
    config = json.loads((run / "run.json").read_text())
    del config[missing]
    (run / "run.json").write_text(json.dumps(config))
    for call in (lambda: pretrain(run), lambda: evaluate(run)):
        with in_time():
            try:
                call()
            except (UserError, OSError) as error:
                assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("name", ["", " ", "~nosuchuser/run"])
def test_a_folder_that_is_none(name):
    refused("`out`", lambda: pretrain(name))


def test_a_file_in_the_folders_place(tmp_path):
    (tmp_path / "run").touch()
    refused("`out` must be a folder", lambda: pretrain(tmp_path / "run"))
    refused("not the folder of a run", lambda: evaluate(tmp_path / "run"))
    refused("not the folder of a run", lambda: evaluate(tmp_path / "nothing"))
