"""The README's code runs, and its commands exist.

Fences marked `python` are run, one after the other, in one namespace and in an
empty folder. Fences marked `console` are only parsed. Training is cut short.
"""

import re
import shlex
from pathlib import Path

import keras

import kerassl
from kerassl import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
STEPS = 2


def fences(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_two_commands():
    assert "    pip install . && kerassl pretrain simclr_digits\n" in README
    assert '    pip install ".[test]" && pytest\n' in README


def test_python_fences_run(tmp_path, monkeypatch):
    pretrain, fit = kerassl.pretrain, keras.Model.fit

    def short_pretrain(*args, **kwargs):
        short = {"steps": STEPS, "evaluate": False, "progress": False}
        return pretrain(*args, **{**kwargs, **short})

    def short_fit(self, *args, **kwargs):
        short = {"epochs": 1, "steps_per_epoch": STEPS, "verbose": 0}
        return fit(self, *args, **{**kwargs, **short})

    monkeypatch.setattr(kerassl, "pretrain", short_pretrain)
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "readme"}
    blocks = fences("python")
    assert blocks
    for number, block in enumerate(blocks, 1):
        # `pretrain` calls fit with steps of its own.
        with monkeypatch.context() as patch:
            if "kerassl.pretrain(" not in block:
                patch.setattr(keras.Model, "fit", short_fit)
            exec(compile(block, f"README.md, python fence {number}", "exec"), namespace)


def test_console_commands_parse():
    commands = [
        line
        for fence in fences("console")
        for line in fence.splitlines()
        if line.startswith("kerassl ")
    ]
    assert commands
    for line in commands:
        words = shlex.split(line, comments=True)[1:]
        args = cli._parser().parse_args(words)
        assert args.command
        if hasattr(args, "preset"):
            assert args.preset in kerassl.zoo.names(), line


def test_every_preset_is_in_the_table():
    for name in kerassl.zoo.names():
        assert f"`{name}`" in README, name


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
