"""Pages made of the project itself: reference, cards, tutorials as notebooks.

All lie in `generated/`, which is written anew with each build.
"""

import importlib
import json
import os
import re
import shutil
from pathlib import Path

from chinese import joined

ROOT = Path(__file__).resolve().parents[1]
# What a reader calls; the other parts serve these.
PARTS = (
    "pretraining",
    "runs",
    "zoo",
    "models",
    "pretext",
    "losses",
    "encoders",
    "data",
    "tokenizers",
    "transfer",
    "use",
    "metrics",
    "augment",
    "callbacks",
    "layers",
    "optimizers",
    "ops",
    "distribute",
    "pictures",
    "testing",
    "allowed",
)
INSTALL = """# Installs kerassl where it is missing.
import importlib.util

if importlib.util.find_spec("kerassl") is None:
    %pip install -q kerassl
%matplotlib inline"""
# A figure that a script saves, a notebook also shows.
SAVES = re.compile(r"^(\w+)\.savefig\(.*\)$")


def write(folder):
    """Writes all generated pages below a folder of Sphinx sources."""
    os.environ.setdefault("KERASSL_FAST", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    generated = folder / "generated"
    _replace(generated / "reference", reference())
    _replace(generated / "zoo", cards())
    english, chinese = ROOT / "tutorials", ROOT / "tutorials" / "zh"
    titles = ("Tutorials", "Each runs on a processor in minutes.")
    _replace(generated / "tutorials", notebooks(english, *titles))
    titles = ("教程", "每个教程在 CPU 上只需几分钟。")
    _replace(generated / "tutorials_zh", notebooks(chinese, *titles))


def _replace(folder, pages):
    """Writes {file name: text} and removes what is not among them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages and path.is_file():
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        # Not touched where it is the same: Sphinx would read it again.
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
    pictures = ROOT / "tutorials" / "pictures"
    if folder.name.startswith("tutorials"):
        shutil.copytree(pictures, folder / "pictures", dirs_exist_ok=True)


def reference():
    """Returns a page for each part of the package, and one that leads to them.

    Example:
        >>> "models.md" in reference()
        True
    """
    found = {}
    lines = ["# Reference", "", "| part | |", "|---|---|"]
    for part in PARTS:
        module = importlib.import_module(f"kerassl.{part}")
        about = (module.__doc__ or "").strip().splitlines()[0]
        lines.append(f"| [`kerassl.{part}`]({part}.md) | {about} |")
        members = f"```{{eval-rst}}\n.. automodule:: kerassl.{part}\n```\n"
        found[f"{part}.md"] = f"# kerassl.{part}\n\n{members}"
    lines += ["", _toc(PARTS)]
    return {"index.md": "\n".join(lines), **found}


def cards():
    """Returns the card of each preset, and a table of all that can be filtered."""
    from kerassl import zoo

    found, rows = {}, []
    for name in zoo.names():
        spec = zoo.config(name)
        found[f"{name}.md"] = zoo.card(name)
        task = spec["model"]["class"].rpartition(".")[2]
        minutes = spec.get("minutes")
        rows.append(
            f'| <a href="{name}.html">{name}</a> | {spec["summary"]} | '
            f"{spec['modality']} | {task} | {'' if minutes is None else minutes} |"
        )
    head = [
        "# Presets",
        "",
        '<input id="card-filter" type="search" placeholder="image, BERT, minutes …" '
        'aria-label="filter the presets">',
        "",
        "| preset | | data | task | minutes of two cores |",
        "|---|---|---|---|---:|",
    ]
    found["index.md"] = "\n".join([*head, *rows, "", _toc(zoo.names())])
    return found


def notebooks(folder, title, about):
    """Returns each tutorial of a folder as a notebook, and a page that leads to them.

    Args:
        folder: Where the tutorials lie.
        title: Of the page.
        about: A sentence below it.
    """
    tutorials = sorted(folder.glob("*.py"))
    found = {f"{path.stem}.ipynb": notebook(path) for path in tutorials}
    page = f"# {title}\n\n{about}\n\n{_toc([path.stem for path in tutorials])}"
    return {"index.md": page, **found}


def notebook(path):
    """Returns a tutorial in percent format as the text of a notebook.

    The first cell installs kerassl where it is missing. Cell ids follow from their
    place, so that the same tutorial gives the same text.
    """
    import jupytext

    found = jupytext.read(path)
    found.cells.insert(0, jupytext.reads(f"# %%\n{INSTALL}", "py:percent").cells[0])
    for place, cell in enumerate(found.cells):
        cell["id"] = f"cell-{place}"
        shown = _showing if cell["cell_type"] == "code" else joined
        cell["source"] = shown(cell["source"])
    found.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    # The title comes first; a page that begins with code has none.
    found.cells[0], found.cells[1] = found.cells[1], found.cells[0]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _showing(source):
    """Returns the code of a cell, which shows a figure that it ends with saving."""
    saved = SAVES.match(source.rstrip().splitlines()[-1]) if source.strip() else None
    return f"{source.rstrip()}\n{saved.group(1)}" if saved else source


def _toc(names):
    listed = "\n".join(str(name) for name in names)
    return f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
