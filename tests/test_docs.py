"""The documentation builds without a warning, and its pages hold what they must."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

import filelock
import pytest

from kerassl import zoo

DOCS = Path(__file__).parents[1] / "docs"
TUTORIALS = sorted((DOCS.parent / "tutorials").glob("**/*.py"))
WRITTEN = [*DOCS.glob("*.md"), *DOCS.glob("guides/*.md"), *DOCS.glob("zh/*.md")]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """Makes the modules that write generated pages importable."""
    monkeypatch.setattr(sys, "path", [str(DOCS), *sys.path])
    monkeypatch.setenv("KERASSL_FAST", "1")


@pytest.fixture(scope="module")
def site(tmp_path_factory, worker_id):
    """Returns the folder of the built site, which all processes share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "site"
    folder.mkdir(exist_ok=True)
    with filelock.FileLock(folder / ".lock"):
        if not (folder / "html").exists():
            build(folder)
    return folder / "html"


def build(folder):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going"]
    command += ["-D", "nb_execution_mode=off", "-d", str(folder / "doctrees")]
    run = subprocess.run(
        [*command, str(DOCS), str(folder / "html")],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=900,
    )
    if run.returncode:
        shutil.rmtree(folder / "html", ignore_errors=True)
    assert run.returncode == 0, run.stderr[-4000:]


class _Page(HTMLParser):
    """Collects the targets of a page, and the names that one can lead to."""

    def __init__(self, path):
        super().__init__()
        self.targets, self.names = [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.names.add(attrs.get("id") or attrs.get("name"))
        self.targets += [attrs[key] for key in ("href", "src") if attrs.get(key)]


def test_every_link_of_the_site_leads_somewhere(site):
    pages = {path: _Page(path) for path in site.rglob("*.html")}
    broken = set()
    for path, page in pages.items():
        for target in page.targets:
            if re.match(r"[a-z]+:|//", target):
                continue
            file, _, name = urllib.parse.unquote(target.split("?")[0]).partition("#")
            there = (path.parent / file).resolve() if file else path
            found = there.is_file() and (
                not name or there not in pages or name in pages[there].names
            )
            if not found:
                broken.add(f"{path.relative_to(site)}: {target}")
    assert not broken, sorted(broken)
    assert len(pages) > 80


def test_every_public_name_has_its_entry(site):
    import importlib

    import pages
    import reference
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as stream:
        inventory = InventoryFile.load(stream, "", urllib.parse.urljoin)
    entries = set().union(*inventory.values())
    modules = [importlib.import_module(f"kerassl.{part}") for part in pages.PARTS]
    for package in [p for module in modules for p in reference.packages(module)]:
        for name in reference.public(package):
            assert f"{package.__name__}.{name}" in entries
    assert {"kerassl.pretrain", "kerassl.search", "kerassl.Run"} <= entries
    assert {"kerassl.data.ImageFolder", "kerassl.augment.image.View"} <= entries


def test_every_public_part_has_a_page():
    import types

    import pages
    import reference

    import kerassl

    parts = [getattr(kerassl, name) for name in kerassl.__all__]
    modules = {part.__name__ for part in parts if isinstance(part, types.ModuleType)}
    assert modules - {"kerassl.cli"} == {f"kerassl.{part}" for part in pages.PARTS}
    top = reference.pages({})["top.md"]
    for name in set(reference.public(kerassl)) - {"__version__"}:
        assert f":: kerassl.{name}\n" in top


def test_examples_of_docstrings_are_shown(site):
    models = (site / "generated" / "reference" / "models.html").read_text("utf-8")
    assert 'id="kerassl.models.SimCLR"' in models and "NT-Xent" in models
    assert models.count(">Example<") >= len(zoo.names()) / 4


def test_every_preset_has_a_row_in_the_table_that_is_filtered(site):
    import cards

    found = cards.pages()
    assert set(found) == {f"{name}.md" for name in zoo.names()} | {"index.md"}
    table = (site / "generated" / "zoo" / "index.html").read_text("utf-8")
    assert 'id="card-filters"' in table and "_static/cards.js" in table
    for name in zoo.names():
        assert found["index.md"].count(f"| [{name}]({name}.md) |") == 1
        verdict = zoo.config(name).get("verdict", "")
        assert cards.row(name).endswith(f"| {verdict} |")


def test_the_columns_that_are_filtered_are_those_of_the_table():
    import cards

    script = (DOCS / "_static" / "cards.js").read_text("utf-8")
    (listed,) = re.findall(r"of \[(.*?)\]\) \{\n    const values", script)
    columns = re.findall(r'"(\w+)"', listed) + re.findall(r"(?m)^    (\w+): \[", script)
    assert sorted(columns) == ["data", "family", "minutes", "parameters", "verdict"]
    assert set(columns) <= set(cards.HEAD[0].strip("| ").split(" | "))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_commands_and_names_of_a_written_page_exist(path):
    import kerassl
    from kerassl import cli

    text = path.read_text("utf-8")
    for fence in re.findall(r"(?ms)^```console\n(.*?)^```", text):
        for line in re.findall(r"(?m)^kerassl .*", fence):
            args = cli._parser().parse_args(shlex.split(line, comments=True)[1:])
            named = getattr(args, "presets", [getattr(args, "preset", "own.json")])
            own = {preset for preset in named if preset.endswith(".json")}
            assert set(named) - own <= set(zoo.names()), line
    for fence in re.findall(r"(?ms)^```python\n(.*?)^```", text):
        compile(fence, str(path), "exec")
    for dotted in set(re.findall(r"(?<![\w/])kerassl\.([A-Za-z_.]*\w)", text)):
        found = kerassl
        for name in dotted.split("."):
            found = getattr(found, name)
    if path.stem == "choose":
        named = set(re.findall(r"`([a-z0-9]+_\w+)`", text))
        assert named >= {name for name in zoo.names() if "minutes" in zoo.config(name)}
        assert named <= set(zoo.names())


def _named(path):
    return "/".join(path.with_suffix("").parts[-2:])


@pytest.mark.parametrize("path", TUTORIALS, ids=_named)
def test_a_notebook_holds_the_whole_tutorial_and_installs(path):
    import nbformat
    from notebooks import notebook

    text = notebook(path)
    assert text == notebook(path)
    found = nbformat.reads(text, 4)
    nbformat.validate(found)
    assert found.cells[0]["cell_type"] == "markdown"
    assert "%pip install -q kerassl" in found.cells[1]["source"]
    code = "".join(c["source"] for c in found.cells if c["cell_type"] == "code")
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            assert line in code, line


def test_every_tutorial_can_be_downloaded_from_its_page(site):
    for path in TUTORIALS:
        folder = "tutorials_zh" if path.parent.name == "zh" else "tutorials"
        page = site / "generated" / folder / f"{path.stem}.html"
        links = [t for t in _Page(page).targets if t.endswith(f"{path.stem}.ipynb")]
        assert links and (page.parent / links[0]).is_file(), page


def test_pages_take_outputs_from_tutorials_that_ran(tmp_path, monkeypatch):
    import nbformat
    import notebooks

    monkeypatch.setattr(notebooks, "EXECUTED", tmp_path)
    english, chinese = (
        notebooks.ROOT / "tutorials" / name
        for name in ("deep_cluster.py", "zh/deep_cluster.py")
    )
    assert notebooks.executed(english) is None
    ran = nbformat.reads(notebooks.notebook(english), 4)
    printed = nbformat.v4.new_output(
        "stream", text="nearly all of them\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    said = nbformat.v4.new_output("stream", name="stderr", text="/home/me: hush\n")
    [cell for cell in ran.cells if cell["cell_type"] == "code"][2].outputs = [
        printed,
        said,
    ]
    nbformat.write(ran, tmp_path / "deep_cluster.ipynb")
    for path, folder in ((english, "tutorials"), (chinese, "tutorials_zh")):
        page = notebooks.page(path, folder)
        assert "nearly all of them" in page and page == notebooks.page(path, folder)
        assert "hush" not in page
        found = nbformat.reads(page, 4)
        nbformat.validate(found)
        outputs = [out for cell in found.cells for out in cell.get("outputs", [])]
        assert outputs[1].data == {"text/markdown": "| a | b |\n|---|---|\n| 1 | 2 |\n"}
    monkeypatch.setenv("KERASSL_FAST", "0")  # asks for a full run
    assert notebooks.executed(english) is None
    monkeypatch.setenv("KERASSL_FAST", "1")
    ran.cells[-1]["source"] += "\nprint(1)"  # it has changed since
    nbformat.write(ran, tmp_path / "deep_cluster.ipynb")
    assert notebooks.executed(english) is None


def test_a_figure_that_is_saved_is_shown():
    import notebooks

    shown = notebooks._showing('figure = f()\nfigure.savefig("x.png", dpi=100)')
    assert shown.endswith("\nfigure")
    assert notebooks._showing("print(1)") == "print(1)"
