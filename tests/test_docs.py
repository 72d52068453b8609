"""The documentation builds without a warning, and its pages hold what they must."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerassl import zoo

DOCS = Path(__file__).parents[1] / "docs"
TUTORIALS = sorted((DOCS.parent / "tutorials").glob("*.py"))


@pytest.fixture
def pages(monkeypatch):
    """Makes the module that writes generated pages importable."""
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    import pages

    return pages


def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    command += ["-D", "nb_execution_mode=off", "-d", str(tmp_path / "doctrees")]
    run = subprocess.run(
        [*command, str(DOCS), str(tmp_path / "site")],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=900,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    site = tmp_path / "site"
    for page in ("index", "start", "guides/read", "generated/zoo/simclr_digits"):
        assert (site / f"{page}.html").is_file()
    models = (site / "generated" / "reference" / "models.html").read_text("utf-8")
    assert 'id="kerassl.models.SimCLR"' in models and "NT-Xent" in models


def test_every_preset_has_a_row_in_the_table_that_is_filtered(pages):
    found = pages.cards()
    assert set(found) == {f"{name}.md" for name in zoo.names()} | {"index.md"}
    for name in zoo.names():
        assert found["index.md"].count(f'href="{name}.html"') == 1


def test_every_public_part_has_a_page(pages):
    import kerassl

    parts = {name for name in kerassl.__all__ if name[0].islower()}
    told_elsewhere = {"cli", "embed", "evaluate", "explain", "pretrain", "search"}
    assert set(pages.PARTS) == parts - told_elsewhere - {"__version__"}


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_notebook_holds_the_whole_tutorial_and_installs(pages, path):
    import nbformat

    text = pages.notebook(path)
    assert text == pages.notebook(path)
    found = nbformat.reads(text, 4)
    nbformat.validate(found)
    assert found.cells[0]["cell_type"] == "markdown"
    assert "%pip install -q kerassl" in found.cells[1]["source"]
    code = "".join(c["source"] for c in found.cells if c["cell_type"] == "code")
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            assert line in code, line


def test_a_figure_that_is_saved_is_shown(pages):
    shown = pages._showing('figure = f()\nfigure.savefig("x.png", dpi=100)')
    assert shown.endswith("\nfigure")
    assert pages._showing("print(1)") == "print(1)"
    assert json.loads(pages.notebook(TUTORIALS[0]))["nbformat"] == 4
