"""The README's code runs, and its commands exist.

Fences marked `python` are run, one after the other, in one namespace and in an
empty folder. Fences marked `console` are only parsed. Training is cut short.
"""

import re
import shlex
from pathlib import Path

import keras
import pytest

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


def preset_rows():
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in rows}


def test_every_preset_is_in_the_table():
    rows = preset_rows()
    assert sorted(rows) == kerassl.zoo.names()
    for name, (task, *_) in rows.items():
        cls = kerassl.zoo.config(name)["model"]["class"].rpartition(".")[2]
        assert f"`{cls}`" in task, name


@pytest.mark.parametrize("name", kerassl.zoo.names())
def test_the_table_tells_the_size(name):
    spec = kerassl.zoo.config(name)["encoder"]
    if "preset" in spec:  # published weights, not at hand; BERT-base is another row
        spec = kerassl.zoo.config(name.replace("simcse", "bert"))["encoder"]
    # Without values for the variables, so without a gigabyte of them.
    with keras.StatelessScope(initialize_variables=False):
        count = kerassl.zoo.build(spec).count_params()
    told = f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count / 1e3:.0f} k"
    assert preset_rows()[name][2] == told


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target
