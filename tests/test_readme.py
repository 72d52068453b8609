"""The README's code runs, its commands exist, and the page of presets is of now.

Fences marked `python` are run, one after the other, in one namespace and in an
empty folder. Fences marked `console` are only parsed. Training is cut short.
"""

import functools
import re
import shlex
from pathlib import Path

import keras
import pytest

import kerassl
from kerassl import cli
from kerassl.zoo import table

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGE = (ROOT / "zoo" / "README.md").read_text("utf-8")
NAME = re.compile(r"^\| \[`(\w+)`\]")
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

    @functools.wraps(fit)
    def short_fit(self, *args, **kwargs):
        short = {"epochs": 1, "steps_per_epoch": STEPS, "verbose": 0}
        return fit(self, *args, **{**kwargs, **short})

    monkeypatch.setattr(kerassl, "pretrain", short_pretrain)
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "readme"}
    blocks = fences("python")
    assert blocks
    for number, block in enumerate(blocks, 1):
        # Names of layers begin anew, as in a script of its own.
        keras.utils.clear_session()
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


def test_presets_in_the_text_exist():
    (section,) = re.findall(r"^## Tasks and presets\n(.*?)^## ", README, re.M | re.S)
    named = set(re.findall(r"`([a-z0-9]+_\w+)`", section))
    assert len(named) > 5 and named <= set(kerassl.zoo.names())


def test_the_page_of_presets_holds_all():
    rows = {name: line for line in PAGE.splitlines() for name in NAME.findall(line)}
    assert sorted(rows) == kerassl.zoo.names()
    assert table.page(rows) == PAGE, "python -m kerassl.zoo.table > zoo/README.md"


@pytest.mark.parametrize("name", kerassl.zoo.names())
def test_the_page_of_presets_tells_it_right(name):
    assert table.row(name) in PAGE.splitlines()


def test_links_lead_somewhere():
    for folder, text in ((ROOT, README), (ROOT / "zoo", PAGE)):
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if not target.startswith("http"):
                assert (folder / target).exists(), target
