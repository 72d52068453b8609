"""The command line's answers, messages and exit codes."""

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import kerassl
from kerassl import allowed, cli, zoo
from kerassl.errors import InvalidValue, TrainingDiverged

WITHOUT_TENSORFLOW = """
import sys
from kerassl.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
heavy = {"tensorflow", "keras", "jax"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else code)
"""


def light(*words, cwd=None):
    """Runs a command in a process of its own that must not load TensorFlow."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def asked(monkeypatch):
    """Records what is asked of pretraining, instead of training."""
    calls = []
    for name in ("pretrain", "evaluate"):
        monkeypatch.setattr(
            kerassl,
            name,
            lambda *args, _name=name, **kwargs: calls.append((_name, args, kwargs)),
            raising=False,
        )
    return calls


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["show", "simclr_digits"],
        ["pretrain", "--help"],
        ["evaluate", "--help"],
        ["preview", "--help"],
    ],
)
def test_answers_without_tensorflow(words):
    run = light(*words)
    assert run.returncode == 0, run.stderr
    assert run.stdout and not run.stderr


def test_list_shows_every_preset_on_a_line():
    lines = light("list").stdout.splitlines()
    for name in zoo.names():
        (line,) = [line for line in lines if line.split()[:1] == [name]]
        assert zoo.config(name)["modality"] in line


def test_list_takes_a_modality():
    shown = light("list", "--modality", "text").stdout
    assert "bert_tiny" in shown and "simclr_digits" not in shown


def test_list_says_that_there_is_none():
    assert light("list", "--modality", "vector").stdout == (
        "No preset is for vector data.\n"
    )


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("views.txt", "picture that ends in .png"),
        ("views", "picture that ends in .png"),
        ("nowhere/views.png", "'nowhere' is not a folder"),
    ],
)
def test_preview_refuses_a_picture_that_cannot_be_written(out, message, tmp_path):
    run = light("preview", "simclr_digits", "--out", out, cwd=tmp_path)
    assert run.returncode == cli.USAGE
    assert message in run.stderr and len(run.stderr.splitlines()) == 1


def test_list_of_an_unknown_modality():
    run = light("list", "--modality", "smell")
    assert run.returncode == cli.USAGE
    assert "expected one of audio, image," in run.stderr
    assert "received 'smell'" in run.stderr


def test_show_has_card_and_configuration():
    shown = light("show", "simclr_digits").stdout
    assert zoo.card("simclr_digits").strip() in shown
    assert '"class": "kerassl.models.SimCLR"' in shown


def test_show_json_is_a_preset(tmp_path):
    shown = light("show", "simclr_digits", "--json").stdout
    assert json.loads(shown) == zoo.config("simclr_digits")
    (tmp_path / "mine.json").write_text(shown)
    assert light("show", "mine.json", "--json", cwd=tmp_path).stdout == shown


@pytest.mark.parametrize("command", ["pretrain", "evaluate", "show", "preview"])
def test_unknown_preset_suggests_near_names(command):
    run = light(command, "simclr_digit")
    assert run.returncode == cli.USAGE
    assert "Did you mean 'simclr_digits'" in run.stderr
    assert run.stderr.startswith("kerassl: error: ")
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "COMMAND"),
        (["train"], "invalid choice: 'train'"),
        (["pretrain"], "PRESET"),
        (["pretrain", "simclr_digits", "--steps", "many"], "invalid int value"),
    ],
)
def test_wrong_usage(words, message):
    run = light(*words)
    assert run.returncode == cli.USAGE
    assert message in run.stderr
    assert run.stderr.startswith("kerassl: error: ")
    assert len(run.stderr.splitlines()) == 1


def test_options_become_arguments(asked, capsys):
    words = (
        "pretrain simclr_digits --data photos --out here --steps 3 --batch-size 8 "
        "--seed 5 --strategy cpu:2 --set model.temperature=0.2 "
        "--set recipe.optimizer.class=keras.optimizers.Adam --no-evaluate --quiet"
    )
    assert cli.main(words.split()) == cli.DONE
    assert asked == [
        (
            "pretrain",
            ("simclr_digits", "photos"),
            {
                "out": "here",
                "steps": 3,
                "batch_size": 8,
                "seed": 5,
                "strategy": "cpu:2",
                "overrides": {
                    "model.temperature": 0.2,
                    "recipe.optimizer.class": "keras.optimizers.Adam",
                },
                "evaluate": False,
                "progress": False,
                "checkpoint_seconds": 30.0,
                "test_data": None,
                "validation_data": None,
                "early_stop": None,
                "restore_best": False,
                "track": None,
            },
        )
    ]


def test_several_paths_are_files_not_documents(asked):
    words = "pretrain bert_tiny --quiet --data a.txt b/*.txt"
    assert cli.main(words.split()) == cli.DONE
    assert cli.main(["evaluate", ".", "--data", "a", "b"]) == cli.DONE
    (_, (_, trained), _), (_, _, options) = asked
    assert trained == [Path("a.txt"), Path("b/*.txt")]
    assert options["data"] == [Path("a"), Path("b")]


@pytest.mark.parametrize("command", ["pretrain simclr_digits", "evaluate ."])
def test_examples_beside_those_to_train_on(asked, capsys, command):
    words = f"{command} --quiet --test-data a.npy --validation-data b.npy c.npy"
    assert cli.main(words.split()) == cli.DONE
    ((_, _, options),) = asked
    assert options["test_data"] == "a.npy"
    assert options["validation_data"] == [Path("b.npy"), Path("c.npy")]
    for option in ("--test-data", "--validation-data"):
        assert cli.main([*command.split(), option, " "]) == cli.USAGE
        assert f"{option}: expected a path" in capsys.readouterr().err


def test_evaluate_takes_a_folder_or_the_name_of_its_preset(asked, tmp_path):
    assert cli.main(["evaluate", str(tmp_path), "--seed", "2"]) == cli.DONE
    assert cli.main(["evaluate", "simclr_digits"]) == cli.DONE
    assert [args for _, args, _ in asked] == [
        (str(tmp_path),),
        (os.path.join("runs", "simclr_digits"),),
    ]
    assert asked[0][2]["seed"] == 2


def raiser(error):
    def fail(*args, **kwargs):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FileNotFoundError("no such folder"), cli.USAGE),
        (PermissionError("not yours"), cli.USAGE),
        (NotADirectoryError("a file"), cli.USAGE),
        (TrainingDiverged(7, float("nan")), cli.DIVERGED),
        # What kerassl refuses, however deep it was found.
        (InvalidValue("`size` must be above 0. Received: -1"), cli.USAGE),
        (KeyboardInterrupt(), cli.INTERRUPTED),
        # From outside the package: a fault of the program, whatever its kind.
        (ValueError("shapes"), cli.FAILED),
        (ZeroDivisionError("oh"), cli.FAILED),
        (RuntimeError("as Keras writes:\n\n  in many lines"), cli.FAILED),
    ],
)
def test_exit_codes(monkeypatch, capsys, error, code):
    monkeypatch.setattr(kerassl, "pretrain", raiser(error), raising=False)
    assert cli.main(["pretrain", "simclr_digits", "--quiet"]) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.startswith("kerassl: ") and len(said.splitlines()) == 1


def test_a_warning_is_one_line(monkeypatch, capsys):
    def warn(*args, **kwargs):
        warnings.warn("features collapse", stacklevel=2)

    monkeypatch.setattr(kerassl, "pretrain", warn, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # the tests make errors of them
        shown = warnings.showwarning
        assert cli.main(["pretrain", "simclr_digits", "--quiet"]) == cli.DONE
        assert warnings.showwarning is shown
    assert capsys.readouterr().err == "kerassl: warning: features collapse\n"


def test_debug_shows_the_traceback(monkeypatch, capsys):
    monkeypatch.setattr(kerassl, "pretrain", raiser(ValueError("x")), raising=False)
    assert cli.main(["pretrain", "simclr_digits", "--debug"]) == cli.FAILED
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.temprature=0.2", "Did you mean 'temperature'"),
        ("modle.temperature=0.2", "Did you mean 'model'"),
        ("recipe.learning_rat=1", "Did you mean 'learning_rate'"),
        ("temperature", "expected KEY=VALUE"),
    ],
)
def test_a_mistyped_override_is_told(capsys, tmp_path, change, message):
    words = ["preview", "simclr_digits", "--out", str(tmp_path / "p.png")]
    assert cli.main([*words, "--set", change]) == cli.USAGE
    assert message in capsys.readouterr().err


def test_preview_draws_a_picture(capsys, tmp_path):
    out = tmp_path / "views.png"
    assert cli.main(["preview", "simclr_digits", "--out", str(out)]) == cli.DONE
    assert out.read_bytes().startswith(b"\x89PNG")
    assert re.search(r"views\.png: examples as simclr_digits", capsys.readouterr().out)


def test_preview_of_texts_trains_a_tokenizer(capsys, tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("the cat sat on the mat\nthe dog ate the hat\n" * 4)
    out = tmp_path / "masks.png"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.txt").write_text("the bat sat\n")
    data = [str(corpus), str(tmp_path / "more" / "*.txt")]
    words = ["preview", "bert_tiny", "--data", *data, "--out", str(out)]
    size = ["--set", "tokenizer.vocabulary_size=35"]
    assert cli.main([*words, *size]) == cli.DONE, capsys.readouterr().err
    assert out.read_bytes().startswith(b"\x89PNG")


OWN_TASK = """
import keras
import tensorflow as tf

from kerassl.models import PretextModel
from kerassl.pretext import Reconstruct


@keras.saving.register_keras_serializable(package="own")
class Darken(Reconstruct):
    def call(self, inputs, seed):
        x, y = super().call(inputs, seed)
        return x / 2.0, y


@keras.saving.register_keras_serializable(package="own")
class Brighten(PretextModel):
    def __init__(self, encoder, pretext=None, **kwargs):
        super().__init__(encoder, pretext, **kwargs)
        self.head = keras.layers.Dense(64)
        self.head.build(encoder.output_shape)
        self.built = True

    def propagate(self, x, training):
        return self.head(self.encoder(x, training=training))

    def objective(self, x, y, outputs, training):
        return {"error": (keras.ops.reshape(y, (-1, 64)) - outputs) ** 2}
"""


def test_a_task_of_ones_own_has_all_commands(capsys, tmp_path, monkeypatch):
    (tmp_path / "own_task.py").write_text(OWN_TASK)
    spec = zoo.config("autoencoder_dense")
    spec["name"] = "own"
    spec["data"] = {"class": "kerassl.data.digits"}
    spec["encoder"] |= {"input_shape": [8, 8, 1], "hidden_dims": [8]}
    spec["pretext"] = {"class": "own_task.Darken"}
    spec["model"] = {"class": "own_task.Brighten"}
    (tmp_path / "own.json").write_text(json.dumps(spec))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(allowed.names, "_OWN", [])
    assert cli.main(["preview", "own.json"]) == cli.USAGE
    assert "own_task.Darken" in capsys.readouterr().err
    assert cli.main(["preview", "own.json", "--import", "own_tsk"]) == cli.USAGE
    assert "own_tsk" in capsys.readouterr().err
    own = ["own.json", "--import", "own_task"]
    assert cli.main(["preview", *own]) == cli.DONE, capsys.readouterr().err
    assert (tmp_path / "own.png").is_file()
    words = ["--steps", "3", "--set", 'transfer.methods=["knn"]', "--quiet"]
    assert cli.main(["pretrain", *own, *words]) == cli.DONE, capsys.readouterr().err
    assert "| kNN | pretrained |" in (tmp_path / "runs/own/report.md").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--data", ""], "--data: expected a path"),
        (["--data", "photos", " "], "--data: expected a path"),
        (["--out", ""], "`out` must name a folder"),
        (["--out", "~nosuchuser/run"], "`out` begins with the home of a user who is"),
        (["--set", "recipe.optimizer=5"], "recipe.optimizer: expected an object"),
        (["--set", "recipe.steps=many"], "recipe.steps: expected an integer"),
        (["--checkpoint-seconds", "nan"], "`checkpoint_seconds` must be"),
        (["--checkpoint-seconds", "-1"], "`checkpoint_seconds` must be"),
        (["--early-stop", "0"], "`early_stop` must be an integer >= 1"),
        (["--early-stop"], "give `validation_data` too"),
        (["--restore-best"], "`restore_best` must be False"),
        (["--track", "comet"], "`track` must be one of"),
        (["--seed", "-1"], "`seed` must be an integer from 0"),
        (["--set", "transfer.draws=0"], "`transfer.draws` must be"),
    ],
)
def test_wrong_values_are_told_before_anything_is_made(
    words, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    code = cli.main(["pretrain", "simclr_digits", "--quiet", *words])
    said = capsys.readouterr().err
    assert code == cli.USAGE and message in said and len(said.splitlines()) == 1, said
    assert not list(tmp_path.iterdir())
