"""Every tutorial runs as a notebook, in fast mode and a folder of its own.

With what it printed it is left in `docs/executed/`, where the pages of the
documentation take it from.
"""

import sys
from pathlib import Path

import pytest

from kerassl.files import atomic

TUTORIALS = sorted((Path(__file__).parents[1] / "tutorials").glob("*.py"))
DOCS = Path(__file__).parents[1] / "docs"
# XLA takes longer to compile than the few steps of the fast mode do.
BEFORE_IT = """
import gc
import keras_hub
from kerassl import distribute
distribute.use_xla = lambda model: False
gc.freeze()
"""


def test_there_are_tutorials():
    assert len(TUTORIALS) >= 3


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_runs(script, tmp_path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    monkeypatch.setenv("KERASSL_FAST", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "before_it.py").write_text(BEFORE_IT)
    from notebooks import EXECUTED, notebook

    text = script.read_text("utf-8")
    assert text.startswith("# %% [markdown]"), "a tutorial is percent-format"
    found = nbformat.reads(notebook(script), 4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(found, timeout=600, resources=resources).execute()
    EXECUTED.mkdir(exist_ok=True)
    with atomic(EXECUTED / f"{script.stem}.ipynb") as unfinished:
        nbformat.write(found, unfinished)
    printed = "".join(
        output.get("text", "")
        for cell in found.cells
        for output in cell.get("outputs", [])
    )
    has_table = any(line.startswith("|") for line in printed.splitlines())
    assert has_table or list(tmp_path.rglob("*.png")), "no table, no picture"
