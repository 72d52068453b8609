"""The words of every command: missing, unknown, empty, wrong, and their exit codes."""

import json
import os
import re

import numpy as np
import pytest
from hostile_inputs import in_time
from PIL import Image

from kerassl import cli

TINY = {
    "name": "tiny",
    "summary": "an autoencoder of digits",
    "modality": "image",
    "data": {"class": "kerassl.data.digits"},
    "encoder": {
        "class": "kerassl.encoders.dense",
        "input_shape": [8, 8, 1],
        "hidden_dims": [4],
    },
    "pretext": {"class": "kerassl.pretext.Reconstruct"},
    "model": {"class": "kerassl.models.Autoencoder"},
    "recipe": {"learning_rate": 0.01, "batch_size": 4, "steps": 1},
    "transfer": {"labels_per_class": [1], "draws": 1, "methods": ["knn"]},
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with a preset and some data, good and bad."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    (tmp_path / "texts.txt").write_text("a line of text\n" * 9)
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    (tmp_path / "broken_module.py").write_text("1 / 0")
    (tmp_path / "syntax_module.py").write_text("def")
    pictures(tmp_path / "pictures", a=5, b=5)
    return tmp_path


def pictures(folder, **classes):
    rng = np.random.default_rng(0)
    for name, count in classes.items():
        (folder / name).mkdir(parents=True)
        for i in range(count):
            pixels = rng.integers(0, 256, (8, 8), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def run(words):
    try:
        with in_time():
            return cli.main(words)
    except SystemExit as left:
        return left.code


TRAIN = ["pretrain", "tiny.json", "--quiet", "--strategy", "one"]
WRONG = [
    # --- no command, or none that there is
    ([], "COMMAND"),
    ([""], "invalid choice"),
    (["train"], "invalid choice"),
    (["pre"], "invalid choice"),
    (["--nothing"], "COMMAND|unrecognized|--nothing"),
    (["pretrain"], "PRESET"),
    (["prepare"], "PATH"),
    (["prepare", "texts.txt"], "--out"),
    (["evaluate"], "RUN"),
    (["show"], "PRESET"),
    (["preview"], "PRESET"),
    (["list", "more"], "unrecognized"),
    (["allowed", "nothing"], "invalid choice"),
    (["allowed", ""], "invalid choice"),
    (["list", "--modality", "sound"], "modality"),
    (["list", "--modality", ""], "modality"),
    (["list", "--modality"], "expected one argument"),
    # --- pretrain
    (["pretrain", "nothing"], "unknown preset"),
    (["pretrain", ""], "`preset`"),
    ([*TRAIN, "--steps", "0"], "`steps`"),
    ([*TRAIN, "--steps", "-1"], "`steps`"),
    ([*TRAIN, "--steps", "1.5"], "invalid int value"),
    ([*TRAIN, "--steps", "many"], "invalid int value"),
    ([*TRAIN, "--steps", ""], "invalid int value"),
    ([*TRAIN, "--steps", "9" * 30], "`steps`"),
    ([*TRAIN, "--steps", "9" * 5000], "--steps"),
    ([*TRAIN, "--batch-size", "0"], "`batch_size`"),
    ([*TRAIN, "--batch-size", "-4"], "`batch_size`"),
    ([*TRAIN, "--batch-size", "9" * 30], "`batch_size`"),
    ([*TRAIN, "--batch-size", "99999"], "`batch_size`"),
    ([*TRAIN, "--seed", "-1"], "`seed`"),
    ([*TRAIN, "--seed", "4294967296"], "`seed`"),
    ([*TRAIN, "--seed", "x"], "invalid int value"),
    ([*TRAIN, "--strategy", ""], "strategy"),
    ([*TRAIN, "--strategy", "two"], "strategy"),
    ([*TRAIN, "--strategy", "cpu:0"], "cpu"),
    ([*TRAIN, "--strategy", "cpu:-1"], "cpu"),
    ([*TRAIN, "--strategy", "cpu:x"], "cpu"),
    ([*TRAIN, "--strategy", "cpu:"], "cpu"),
    ([*TRAIN, "--strategy", "cpu:1.5"], "cpu"),
    ([*TRAIN, "--strategy", "cpu:99999999999"], "cpu"),
    ([*TRAIN, "--strategy", "gpu:99"], "gpu|GPU"),
    ([*TRAIN, "--strategy", "gpu:0"], "gpu|GPU"),
    ([*TRAIN, "--strategy", "tpu"], "tpu|TPU"),
    ([*TRAIN, "--strategy", "CPU:2:3"], "strategy|CPU"),
    ([*TRAIN, "--checkpoint-seconds", "soon"], "invalid float value"),
    ([*TRAIN, "--checkpoint-seconds", "-1"], "`checkpoint_seconds`"),
    ([*TRAIN, "--checkpoint-seconds", "inf"], "`checkpoint_seconds`"),
    ([*TRAIN, "--out", ""], "`out`"),
    ([*TRAIN, "--out", " "], "`out`"),
    ([*TRAIN, "--out", "texts.txt"], "must be a folder"),
    ([*TRAIN, "--out", "texts.txt/run"], "`out`|folder|directory"),
    ([*TRAIN, "--out", "~nosuchuser"], "`out`"),
    ([*TRAIN, "--out", "a\0b"], "`out`"),
    ([*TRAIN, "--out", "x" * 300], "`out`"),
    ([*TRAIN, "--out", "/proc/run"], "/proc/run"),
    ([*TRAIN, "--set"], "expected one argument"),
    ([*TRAIN, "--set", ""], "KEY=VALUE"),
    ([*TRAIN, "--nothing"], "unrecognized"),
    ([*TRAIN, "more"], "unrecognized"),
    # --- the data
    ([*TRAIN, "--data"], "expected at least one argument"),
    ([*TRAIN, "--data", ""], "--data: expected a path"),
    ([*TRAIN, "--data", " "], "--data: expected a path"),
    ([*TRAIN, "--data", "pictures", ""], "--data: expected a path"),
    ([*TRAIN, "--data", "nowhere"], "No file or folder matches"),
    ([*TRAIN, "--data", "no*.png"], "No file or folder matches"),
    ([*TRAIN, "--data", "digts"], "Did you mean 'digits'"),
    ([*TRAIN, "--data", "docs"], "Expected image data"),
    ([*TRAIN, "--data", "keras:nothing"], "keras:|mnist"),
    ([*TRAIN, "--data", "keras:"], "keras:|mnist"),
    ([*TRAIN, "--data", "empty"], "No image files"),
    ([*TRAIN, "--data", "texts"], "text preset"),
    ([*TRAIN, "--data", "texts.txt"], "reads a folder"),
    ([*TRAIN, "--data", "pictures/a/0.png"], "reads a folder"),
    ([*TRAIN, "--data", "pictures", "texts"], "reads a folder|No file|Expected"),
    ([*TRAIN, "--data", "~nosuchuser"], "user who is not known"),
    ([*TRAIN, "--data", "tiny.json"], "must hold a list of records"),
    ([*TRAIN, "--data", "https://example.org/a.zip"], "No file or folder matches"),
    ([*TRAIN, "--data", "pictures", "--batch-size", "64"], "`batch_size`"),
    # --- own modules
    ([*TRAIN, "--import", ""], "import"),
    ([*TRAIN, "--import", " "], "import"),
    ([*TRAIN, "--import", "nosuchmodule"], "nosuchmodule"),
    ([*TRAIN, "--import", "broken_module"], "broken_module"),
    ([*TRAIN, "--import", "syntax_module"], "syntax_module"),
    ([*TRAIN, "--import", "broken_module.py"], "broken_module"),
    ([*TRAIN, "--import", ".relative"], "relative"),
    ([*TRAIN, "--import", "../a"], "../a"),
    # --- evaluate
    (["evaluate", "nothing"], "unknown preset"),
    (["evaluate", ""], "`preset`|must name"),
    (["evaluate", "."], "not the folder of a run"),
    (["evaluate", "empty"], "not the folder of a run"),
    (["evaluate", "texts.txt"], "unknown preset"),
    (["evaluate", "tiny.json"], "not the folder of a run"),
    (["evaluate", "simclr_digits"], "not the folder of a run"),
    (["evaluate", "empty", "--seed", "x"], "invalid int value"),
    (["evaluate", "empty", "--set", "draws"], "KEY=VALUE"),
    (["evaluate", "empty", "--steps", "3"], "unrecognized"),
    # --- generate
    (["generate"], "RUN"),
    (["generate", ""], "`run`"),
    (["generate", "nothing"], "There is no run in nothing"),
    (["generate", "empty", "--count", "1.5"], "invalid int value"),
    (["generate", "empty", "--count", "9" * 30], "`count`"),
    (["generate", "empty", "--temperature", "hot"], "invalid float value"),
    (["generate", "empty", "--temperature", "nan"], "`temperature`"),
    (["generate", "empty", "--temperature", "inf"], "`temperature`"),
    (["generate", "empty", "--top-p", "0"], "`top_p`"),
    (["generate", "empty", "--top-k", "0"], "`top_k`"),
    (["generate", "empty", "--seed", "4294967296"], "`seed`"),
    (["generate", "empty", "--prompt"], "expected one argument"),
    (["generate", "empty", "--data", ""], "--data: expected a path"),
    # --- preview
    (["preview", "tiny.json", "--out", ""], "--out|`out`|picture"),
    (["preview", "tiny.json", "--out", "a"], "expected a picture"),
    (["preview", "tiny.json", "--out", "a.txt"], "expected a picture"),
    (["preview", "tiny.json", "--out", "no/a.png"], "is not a folder"),
    (["preview", "tiny.json", "--out", "empty"], "expected a picture"),
    (["preview", "tiny.json", "--out", "folder.png"], "folder.png"),
    (["preview", "tiny.json", "--seed", "-1"], "`seed`"),
    (["preview", "tiny.json", "--seed", "9" * 30], "`seed`"),
    (["preview", "tiny.json", "--data", "empty"], "No image files"),
    (["preview", "tiny.json", "--data", ""], "--data: expected a path"),
    (["preview", "tiny.json", "--steps", "3"], "unrecognized"),
    # --- show
    (["show", "nothing"], "unknown preset"),
    (["show", "texts.txt"], "unknown preset"),
    (["show", "empty"], "unknown preset"),
    (["show", "tiny.json", "more"], "unrecognized"),
    # --- allowed
    (["allowed", "--import", "nosuchmodule"], "nosuchmodule"),
    (["allowed", "--import", ""], "import"),
]


@pytest.mark.parametrize(
    ("words", "message"),
    WRONG,
    ids=lambda v: str(v)[:60] if isinstance(v, list) else "",
)
def test_wrong_words(words, message, here, capsys):
    (here / "folder.png").mkdir()
    before = sorted(os.listdir(here))
    code = run(words)
    said = capsys.readouterr().err
    assert code == cli.USAGE, (code, said)
    assert said.startswith("kerassl: error: ") and len(said.splitlines()) == 1, said
    assert len(said) < 1000 and re.search(message, said), said
    assert not [name for name in os.listdir(here) if name not in (*before, "runs")]
    assert not list(here.glob("runs/*/checkpoints"))


RIGHT = [
    ["--version"],
    ["--help"],
    ["list"],
    ["list", "--modality", "image"],
    ["list", "--modality", "vector"],
    ["show", "tiny.json"],
    ["show", "tiny.json", "--json"],
    ["allowed"],
    ["allowed", "pretext"],
    *(
        [command, "--help"]
        for command in ("pretrain", "prepare", "evaluate", "preview")
    ),
    ["preview", "tiny.json", "--out", "a.png"],
    ["preview", "tiny.json", "--out", "a.PDF"],
    ["preview", "tiny.json", "--data", "pictures", "--set", "pretext.channels=1"],
]


@pytest.mark.parametrize("words", RIGHT, ids=str)
def test_right_words(words, capsys):
    assert run(words) == cli.DONE, capsys.readouterr().err
    assert capsys.readouterr().err == ""


# ------------------------------------------------------- runs that are just enough

CHANNEL = ["--set", "pretext.channels=1"]


def trained(words, capsys):
    code = run([*TRAIN, "--out", "run", *words])
    said = capsys.readouterr()
    assert code == cli.DONE, said.err
    return said


@pytest.mark.parametrize(
    "classes",
    [{"a": 2, "b": 2}, {"a": 1, "b": 1, "c": 1}, {"a": 5, "b": 1}, {"a": 4}],
    ids=str,
)
def test_few_pictures_a_class(classes, here, capsys):
    pictures(here / "few", **classes)
    words = ["--data", "few", "--batch-size", "1", *CHANNEL]
    trained([*words, "--set", "transfer.controls=[]"], capsys)
    report = json.loads((here / "run" / "report.json").read_text())
    told = (here / "run" / "report.md").read_text()
    assert report["transfer"] or "Nothing was kept out of training" in told


def test_a_run_is_lengthened_evaluated_and_left_alone(here, capsys):
    trained(["--no-evaluate"], capsys)
    weights = (here / "run" / "encoder.keras").stat()
    trained(["--no-evaluate"], capsys)
    assert (here / "run" / "encoder.keras").stat() == weights
    trained(["--no-evaluate", "--steps", "3"], capsys)
    history = (here / "run" / "history.jsonl").read_text()
    rates = [
        r["learning_rate"]
        for r in map(json.loads, history.splitlines())
        if "learning_rate" in r
    ]
    assert not rates or max(rates) > 0
    for change, message in (
        (["--steps", "2"], "another configuration|steps"),
        (["--batch-size", "2"], "another configuration"),
        (["--seed", "7"], "another configuration"),
        (["--data", "pictures", *CHANNEL], "another configuration"),
        (["--set", "recipe.learning_rate=0.5"], "another configuration"),
    ):
        assert run([*TRAIN, "--out", "run", "--no-evaluate", *change]) == cli.USAGE
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1 and re.search(message, said), said
    for words, message in (
        (["--set", "transfer.draws=0"], "draws"),
        (["--set", "model.temperature=1"], "no section 'model'"),
        (["--set", "transfer.knn_options=[]"], "knn_options"),
        (["--data", "texts.txt"], "reads a folder"),
        (["--seed", "-1"], "`seed`"),
    ):
        assert run(["evaluate", "run", "--quiet", *words]) == cli.USAGE, words
        said = capsys.readouterr().err
        assert len(said.splitlines()) == 1 and re.search(message, said), said


@pytest.mark.parametrize(
    "spoil",
    ["an image replaced", "a file renamed", "a file more", "a file less"],
)
def test_data_that_change_between_two_calls(spoil, here, capsys):
    words = ["--data", "pictures", "--no-evaluate", *CHANNEL]
    trained(words, capsys)
    (here / "run" / "encoder.keras").unlink()  # as if it were killed before its end
    first = here / "pictures" / "a" / "0.png"
    {
        "an image replaced": lambda: Image.new("L", (8, 8)).save(first),
        "a file renamed": lambda: first.rename(first.with_name("9.png")),
        "a file more": lambda: Image.new("L", (8, 8)).save(first.with_name("9.png")),
        "a file less": lambda: first.unlink(),
    }[spoil]()
    assert run([*TRAIN, "--out", "run", *words]) == cli.USAGE
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1 and re.search(r"\.png|examples", said), said
