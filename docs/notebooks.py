"""Tutorials as notebooks: to download, and as pages with their outputs.

The tests run every tutorial as a notebook, in its quick mode, and leave it in
`docs/executed/`. A page takes its outputs from there where the code is still the same;
else Sphinx runs it.
"""

import json
import os
import re
from itertools import groupby
from pathlib import Path

from chinese import joined

ROOT = Path(__file__).resolve().parents[1]
EXECUTED = ROOT / "docs" / "executed"
PICTURES = ROOT / "tutorials" / "pictures"
INSTALL = """# Installs kerassl where it is missing.
import importlib.util

if importlib.util.find_spec("kerassl") is None:
    %pip install -q kerassl
%matplotlib inline"""
# A figure that a script saves, a notebook also shows.
SAVES = re.compile(r"^(\w+)\.savefig\(.*\)$")
DOWNLOAD = {
    "en": "{{download}}`Download as a notebook <{0}>`.",
    "zh": "{{download}}`下载 notebook <{0}>`。",
}
QUICK = {
    "en": " What it prints here is of the quick mode, a few steps: it shows the form, "
    "not the quality.",
    "zh": "这里的输出来自快速模式，只训练几步：看的是形式，不是质量。",
}
FULL = {"en": "From a full run:", "zh": "完整训练的结果："}


def tutorials(language):
    """Returns the paths of the tutorials in "en" or "zh"."""
    folder = ROOT / "tutorials"
    return sorted((folder / "zh" if language == "zh" else folder).glob("*.py"))


def pages(paths, folder, title, about):
    """Returns each tutorial as a page, and `index.md`, which leads to them.

    Args:
        paths: Tutorials.
        folder: What the folder of the pages is called.
        title: Of `index.md`.
        about: A sentence below it.
    """
    found = {f"{path.stem}.ipynb": page(path, folder) for path in paths}
    listed = "\n".join(path.stem for path in paths)
    contents = f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    return {"index.md": f"# {title}\n\n{about}\n\n{contents}", **found}


def page(path, folder):
    """Returns a tutorial as the text of a notebook that becomes a page."""
    import nbformat

    language = "zh" if path.parent.name == "zh" else "en"
    found = nbformat.reads(notebook(path), 4)
    outputs = executed(path)
    if outputs is not None:
        found.metadata["mystnb"] = {"execution_mode": "off"}
        code = [cell for cell in found.cells if cell["cell_type"] == "code"]
        for cell, output in zip(code, outputs, strict=True):
            cell["outputs"] = [part for each in output for part in _drawn(each)]
    above = DOWNLOAD[language].format(f"../downloads/{folder}/{path.stem}.ipynb")
    if _is_quick():
        above += QUICK[language]
    cells = [found.cells[0], _markdown(above)]
    for cell in found.cells[1:]:
        cells.append(cell)
        picture = _saved(cell)
        if picture and (PICTURES / picture).is_file():
            cells.append(_markdown(f"{FULL[language]}\n\n![](pictures/{picture})"))
    for place, cell in enumerate(cells):
        cell["id"] = f"page-{place}"
    found.cells = cells
    return nbformat.writes(found) + "\n"


def _drawn(output):
    """Returns an output in parts: printed tables become tables, all else stays."""
    from nbformat.v4 import new_output

    if output.get("name") != "stdout":
        # What libraries say on the error stream is of the machine, not of the reader.
        return [] if output.get("name") == "stderr" else [output]
    parts = []
    for is_table, lines in groupby(
        output["text"].splitlines(), lambda line: line.startswith("|")
    ):
        text = "\n".join(lines) + "\n"
        if is_table:
            parts.append(new_output("display_data", data={"text/markdown": text}))
        elif text.strip():
            parts.append(new_output("stream", name="stdout", text=text))
    return parts


def executed(path):
    """Returns the outputs of each code cell where the tests have run the tutorial.

    Those of a Chinese tutorial are of the English one, which has the same code. None
    where it was not run, or its code is another by now.
    """
    import nbformat

    done = EXECUTED / f"{path.stem}.ipynb"
    if not done.is_file() or not _is_quick():
        return None
    ran = nbformat.read(done, 4)
    now = nbformat.reads(notebook(ROOT / "tutorials" / path.name), 4)
    if [cell["source"] for cell in ran.cells] != [cell["source"] for cell in now.cells]:
        return None
    return [cell["outputs"] for cell in ran.cells if cell["cell_type"] == "code"]


def notebook(path):
    """Returns a tutorial in percent format as the text of a notebook.

    The first cell of code installs kerassl where it is missing. Cell ids follow from
    their place, so that the same tutorial gives the same text.
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
    lines = source.rstrip().splitlines()
    saved = SAVES.match(lines[-1]) if lines else None
    return f"{source.rstrip()}\n{saved.group(1)}" if saved else source


def _is_quick():
    return os.environ.get("KERASSL_FAST") == "1"


def _saved(cell):
    """Returns the name of the picture that a cell of code saves, or None."""
    if cell["cell_type"] != "code":
        return None
    found = re.search(r'\.savefig\("([\w.]+)"', cell["source"])
    return found and found.group(1)


def _markdown(text):
    import nbformat

    return nbformat.v4.new_markdown_cell(text)
