"""Texts, words and images by a run; the command; and what is refused in a line."""

import functools
import json

import numpy as np
import pytest
from PIL import Image

import kerassl
from kerassl import models, zoo
from kerassl.cli import main
from kerassl.use import GeneratedExamples, GeneratedTexts

LINES = [f"the {a} sees a {b}" for a in ("cat", "dog", "bird") for b in ("fox", "hen")]
TINY = {
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 8,
    "vocabulary_size": 270,
}


class Loaded(kerassl.Run):
    """A run whose task is loaded once."""

    @functools.cached_property
    def task(self):
        return super().task


def made(preset, folder, changes, data):
    """Returns a run of two steps of a preset with other values."""
    spec = zoo.config(preset)
    for section, values in changes.items():
        spec[section].update(values)
    spec["recipe"].update(steps=2, batch_size=4)
    path = folder / f"{preset}.json"
    path.write_text(json.dumps(spec))
    options = {"evaluate": False, "progress": False}
    return Loaded(kerassl.pretrain(path, data, out=folder / preset, **options).path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generating")
    (folder / "lines.txt").write_text("\n".join(LINES * 4))
    return folder


@pytest.fixture(scope="module")
def gpt(folder):
    changes = {
        "encoder": {**TINY, "max_sequence_length": 16},
        "tokenizer": {"vocabulary_size": 270},
        "pretext": {"sequence_length": 16},
    }
    return made("gpt2_tiny", folder, changes, folder / "lines.txt")


@pytest.fixture(scope="module")
def bert(folder):
    changes = {
        "encoder": {**TINY, "vocabulary_size": 40, "max_sequence_length": 16},
        "tokenizer": {"vocabulary_size": 40},
        "pretext": {"sequence_length": 16},
    }
    return made("bert_tiny", folder, changes, folder / "lines.txt")


@pytest.fixture(scope="module")
def gan(folder):
    changes = {
        "encoder": {"input_shape": [8, 8, 1], "widths": [4, 8]},
        "pretext": {"size": 8, "noise_dim": 4},
    }
    generator = zoo.config("dcgan_fashion")["model"]["generator"]
    sizes = {"output_shape": [8, 8, 1], "noise_dim": 4, "widths": [8, 4]}
    changes["model"] = {"generator": {**generator, **sizes}}
    return made("dcgan_fashion", folder, changes, "digits")


@pytest.fixture(scope="module")
def autoencoder(folder):
    changes = {
        "encoder": {"input_shape": [8, 8, 1], "hidden_dims": [4]},
        "pretext": {"size": 8},
    }
    return made("autoencoder_dense", folder, changes, "digits")


def test_texts_are_those_of_the_task(gpt):
    options = {"count": 2, "length": 3, "seed": 7, "temperature": 0.8, "top_k": 9}
    found = kerassl.generate(gpt, ["the cat", ""], **options, progress=False)
    assert found.rows == gpt.task.sample(["the cat", ""], **options)
    assert isinstance(found, GeneratedTexts) and len(found) == 4
    assert found.unit == "texts" and found.default_out is None
    one = kerassl.generate(str(gpt.path), "the cat", length=3, temperature=0)
    assert str(one) == one.rows[0]["text"]


def test_prompts_come_from_a_file(gpt, tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("the cat\na dog\n")
    from_file, given = (
        kerassl.generate(gpt, prompt, data=data, length=2, progress=False)
        for prompt, data in ((None, file), (["the cat", "a dog"], None))
    )
    assert from_file.rows == given.rows


def test_words_behind_a_mask(bert):
    found = kerassl.generate(bert, "the [MASK] sees", count=3, progress=False)
    assert found.rows == bert.task.sample(["the [MASK] sees"], 3)
    assert found.unit == "words"
    table = str(found).splitlines()
    assert table[0] == "| prompt | mask | word | probability |" and len(table) == 5
    assert f"| {found.rows[0]['probability']:.3f} |" in table[2]


def test_images_and_what_is_between_two(gan, autoencoder):
    found = kerassl.generate(gan, count=5, seed=3, progress=False)
    np.testing.assert_array_equal(found.values, gan.task.generate(5, seed=3))
    assert str(found) == "5 examples of 8 x 8 x 1"
    between = kerassl.generate(autoencoder, count=4, data="digits", progress=False)
    own = kerassl.generate(autoencoder, count=4, progress=False)
    np.testing.assert_array_equal(between.values, own.values)
    assert between.values.shape == (4, 8, 8, 1)


def test_files_hold_what_was_made(tmp_path):
    rows = [{"prompt": "a|b", "text": "a|b\nc"}, {"prompt": "好", "text": "好的"}]
    texts = GeneratedTexts(rows)
    texts.save(tmp_path / "OTHER.JSONL")
    for suffix in texts.suffixes:
        texts.save(tmp_path / f"made{suffix}")
    assert (tmp_path / "made.txt").read_text("utf-8") == "a|b\nc\n---\n好的\n"
    lines = (tmp_path / "made.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert (tmp_path / "OTHER.JSONL").read_text("utf-8").splitlines() == lines
    assert "| a\\|b | a\\|b c |" in (tmp_path / "made.md").read_text("utf-8")
    values = np.random.default_rng(0).random((7, 8, 8, 1)).astype("float32")
    images = GeneratedExamples(values, "image")
    images.save(tmp_path / "made.npz")
    with np.load(tmp_path / "made.npz") as kept:
        np.testing.assert_array_equal(kept["examples"], values)
    images.save(tmp_path / "made.png")
    with Image.open(tmp_path / "made.png") as sheet:
        assert sheet.width > sheet.height > 100  # six in a row
    assert len(images.to_markdown().splitlines()) == 9
    images.save(tmp_path / "OTHER.NPZ")
    suffixes = [path.suffix for path in tmp_path.glob("made*")]
    assert sorted(suffixes) == [
        ".jsonl",
        ".md",
        ".npz",
        ".png",
        ".txt",
    ]


def test_what_has_no_picture_goes_to_an_array():
    vectors = GeneratedExamples(np.zeros((2, 3), "float32"), "vector")
    assert vectors.default_out == "generated.npz"
    with pytest.raises(ValueError, match="no picture of these"):
        vectors.figure()
    assert (
        GeneratedExamples(np.zeros((241, 1, 1, 1)), "image").default_out[-3:] == "npz"
    )


def test_the_command_prints_and_writes(gpt, gan, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["generate", str(gpt.path), "--prompt", "the cat", "--length", "2"]
    assert main([*words, "--temperature", "0"]) == 0
    said = capsys.readouterr()
    wanted = kerassl.generate(gpt, "the cat", length=2, temperature=0, progress=False)
    assert said.out == f"{wanted}\n" and said.err == ""
    assert main([*words, "--count", "2", "--out", "two.jsonl", "--quiet"]) == 0
    assert capsys.readouterr().out == "two.jsonl: 2 texts\n"
    assert main(["generate", str(gan.path), "--count", "4", "--quiet"]) == 0
    assert "generated.png: 4 examples of 8 x 8 x 1" in capsys.readouterr().out
    assert (tmp_path / "generated.png").stat().st_size > 1000


def test_every_task_that_says_so_generates():
    for name in models.__all__:
        task = getattr(models, name)
        assert bool(task.generates) == hasattr(task, "sample"), name


def test_a_task_that_makes_nothing_says_which_do(folder):
    changes = {"encoder": {"widths": [8], "strides": [2], "grid": 1}}
    run = made("simclr_digits", folder, changes, "digits")
    with pytest.raises(ValueError) as raised:
        kerassl.generate(run)
    said = str(raised.value)
    assert "GAN (images)" in said and "a SimCLR, which is for another purpose" in said
    assert "\n" not in said and "PretextModel" not in said


WRONG = [
    ("nowhere", {}, "There is no run in nowhere"),
    ("gpt", {"count": 0}, "`count` must be an integer >= 1"),
    ("gpt", {"count": 10**9}, "`count` must be .* at most 100000"),
    ("gpt", {"length": 0}, "`length` must be an integer >= 1"),
    ("gpt", {"length": 99}, "`length` must be at most 1[0-9]"),
    ("gpt", {"temperature": -1}, "`temperature` must be 0 or more"),
    ("gpt", {"top_k": 0}, "`top_k` must be an integer >= 1"),
    ("gpt", {"top_p": 0}, r"`top_p` must be in \(0, 1\]"),
    ("gpt", {"top_p": 1.5}, r"`top_p` must be in \(0, 1\]"),
    ("gpt", {"seed": -1}, "`seed` must be an integer from 0"),
    ("gpt", {"prompt": "a " * 99}, "`prompt` must have at most 14 tokens"),
    ("gpt", {"prompt": "\ud800"}, "`prompt` must be text in UTF-8"),
    ("gpt", {"prompt": 3}, "`prompt` must be a list of strings"),
    ("gpt", {"prompt": []}, "`prompt` must hold a text"),
    ("gpt", {"prompt": "a", "data": "x.txt"}, "cannot both be given"),
    ("gpt", {"data": "nowhere.txt"}, "nowhere.txt"),
    ("gpt", {"out": "a.png"}, "`out` must end in .txt, .md or .jsonl"),
    ("gpt", {"out": "no/a.txt"}, "`out`: 'no' is not a folder"),
    ("bert", {}, "`prompt` is needed by a MaskedLM"),
    ("bert", {"prompt": " "}, "`prompt` must not be empty"),
    ("bert", {"prompt": "the cat"}, r"`prompt` must hold \[MASK\]"),
    ("bert", {"prompt": "☃ [MASK]"}, "characters that the run's tokenizer knows"),
    ("bert", {"prompt": "[MASK]", "top_k": 3}, "`top_k` is nothing that a MaskedLM"),
    ("gan", {"prompt": "a shoe"}, "`prompt` is nothing that a GAN .* count, seed"),
    ("gan", {"data": "digits"}, "`data` is nothing that a GAN"),
    ("gan", {"length": 3}, "`length` is nothing that a GAN"),
    ("gan", {"out": "a.txt"}, "`out` must end in .png, .pdf, .svg or .npz"),
    ("gan", {"out": "a.png", "count": 241}, "`out` must end in .npz for more than 240"),
]


@pytest.mark.parametrize(("name", "given", "message"), WRONG)
def test_wrong_words_are_told_in_a_line(name, given, message, request):
    run = name if name == "nowhere" else request.getfixturevalue(name)
    with pytest.raises((ValueError, TypeError, OSError), match=message) as raised:
        kerassl.generate(run, **given, progress=False)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--count", "0"], "`count` must be an integer >= 1"),
        (["--temperature", "-0.5"], "`temperature` must be 0 or more"),
        (["--top-p", "2"], "`top_p` must be in"),
        (["--prompt", "a", "--data", "x.txt"], "cannot both be given"),
        (["--out", "a.gif"], "`out` must end in .txt"),
        (["--data", ""], "--data: expected a path"),
    ],
)
def test_the_command_refuses_in_a_line(gpt, words, message, capsys):
    assert main(["generate", str(gpt.path), *words]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1


def test_a_run_that_has_not_finished(folder, tmp_path, gpt):
    (tmp_path / "run.json").write_text((gpt.path / "run.json").read_text())
    with pytest.raises(FileNotFoundError, match="the run has not finished"):
        kerassl.generate(str(tmp_path), "a")
