"""Every tutorial runs, in fast mode, in a process and a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = sorted((Path(__file__).parents[1] / "tutorials").glob("*.py"))


def test_there_are_tutorials():
    assert len(TUTORIALS) >= 3


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_runs(script, tmp_path):
    run = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "KERASSL_FAST": "1", "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    text = script.read_text("utf-8")
    assert text.startswith("# %% [markdown]"), "a tutorial is percent-format"
    has_table = any(line.startswith("|") for line in run.stdout.splitlines())
    assert has_table or list(tmp_path.rglob("*.png")), "no table, no picture"
