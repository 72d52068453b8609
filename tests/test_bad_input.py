"""What a user gets wrong is said in one line, with exit code 2, or noted."""

import json

import numpy as np
import presets
import pytest
from PIL import Image

from kerassl import cli

PRESET = presets.simclr(channels=3, recipe={"batch_size": 4, "steps": 2})


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in, with a preset small enough to train."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.json").write_text(json.dumps(PRESET))
    return tmp_path


@pytest.fixture
def pretrain(here, capsys):
    """Returns a function that runs the command: its exit code and message."""

    def run(*words):
        code = cli.main(["pretrain", "tiny.json", "--quiet", "--no-evaluate", *words])
        said = capsys.readouterr().err.strip()
        assert "Traceback" not in said
        return code, said

    return run


def write_images(folder, count=8):
    folder.mkdir()
    for number in range(count):
        pixels = np.random.default_rng(number).integers(0, 256, (9, 9, 3), "uint8")
        Image.fromarray(pixels).save(folder / f"{number}.jpg")


def refused(result, *words):
    code, said = result
    assert code == cli.USAGE, said
    assert said.startswith("kerassl: error: ") and len(said.splitlines()) == 1, said
    for word in words:
        assert word in said


def test_a_path_that_is_not_there(pretrain):
    refused(pretrain("--data", "nowhere"), "nowhere")


def test_an_empty_folder(here, pretrain):
    (here / "empty").mkdir()
    refused(pretrain("--data", "empty"), "empty")


def test_texts_for_an_image_preset(here, pretrain):
    (here / "texts").mkdir()
    (here / "texts" / "a.txt").write_text("one\ntwo\n")
    refused(pretrain("--data", "texts"), "texts", "image")


def test_a_batch_larger_than_the_data(here, pretrain):
    write_images(here / "photos")
    refused(pretrain("--data", "photos", "--batch-size", "99"), "99", "8")


@pytest.mark.parametrize("option", ["--test-data", "--validation-data"])
def test_examples_that_do_not_go_with_those_to_train_on(here, pretrain, option):
    write_images(here / "photos")
    (here / "texts").mkdir()
    (here / "texts" / "a.txt").write_text("one\ntwo\n")
    name = option.strip("-").replace("-", "_")
    for wrong in ("texts", "nowhere"):
        refused(pretrain("--data", "photos", option, wrong), f"`{name}`", wrong)
    assert not (here / "runs" / "tiny" / "history.jsonl").exists()


def test_features_that_the_encoder_lacks(here, capsys):
    for name in ("cat", "dog"):
        write_images(here / name)
    (here / "photos").mkdir()
    for name in ("cat", "dog"):
        (here / name).rename(here / "photos" / name)
    words = ["--data", "photos", "--set", 'transfer.features=["first and mean"]']
    code = cli.main(["pretrain", "tiny.json", "--quiet", *words])
    refused((code, capsys.readouterr().err.strip()), "`features`", "'first and mean'")
    assert not (here / "runs" / "tiny" / "history.jsonl").exists()


def test_a_folder_that_cannot_be_written(here, pretrain):
    (here / "file").touch()
    refused(pretrain("--out", "file/run"), "out")


@pytest.mark.parametrize("option", ["--steps", "--batch-size"])
def test_a_number_out_of_range(pretrain, option):
    refused(pretrain(option, "0"), option.strip("-").replace("-", "_"), "0")


def test_an_unknown_strategy(pretrain):
    refused(pretrain("--strategy", "mirorred"), "mirorred", "mirrored")


def test_a_folder_of_another_configuration(here, pretrain):
    write_images(here / "photos")
    words = ("--data", "photos", "--out", "run")
    assert pretrain(*words) == (cli.DONE, "")
    refused(pretrain(*words, "--set", "model.temperature=0.7"), "temperature", "0.7")
    refused(pretrain(*words, "--seed", "1"), "seed")
    assert pretrain(*words) == (cli.DONE, "")


def test_a_broken_image_among_good_ones_is_noted(here, pretrain):
    write_images(here / "photos")
    (here / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff not an image")
    assert pretrain("--data", "photos", "--out", "run") == (cli.DONE, "")
    report = json.loads((here / "run" / "report.json").read_text())
    assert report["data"]["examples"] == 8
    assert report["data"]["skipped"] == 1
    assert "broken.jpg" in (here / "run" / "report.md").read_text()


def test_lines_that_are_not_utf8_are_noted(here, capsys):
    words = b"the cat sat on a mat and the dog ate that hat".split()
    lines = [b" ".join(words[i:] + words[:i]) for i in range(8)]
    (here / "corpus.txt").write_bytes(b"\n".join([*lines, b"caf\xe9", b""]))
    small = {
        "encoder.num_layers": 1,
        "tokenizer.vocabulary_size": 35,
        "recipe.batch_size": 4,
        "recipe.steps": 2,
    }
    words = [f"--set={key}={value}" for key, value in small.items()]
    words += ["--data", "corpus.txt", "--out", "run", "--quiet", "--no-evaluate"]
    assert cli.main(["pretrain", "bert_tiny", *words]) == cli.DONE
    report = json.loads((here / "run" / "report.json").read_text())
    assert report["data"]["examples"] == 8
    assert report["data"]["skipped"] >= 1
    assert "corpus.txt" in json.dumps(report["data"]["skipped_first"])
