"""The engine knows no method and no modality by name; its page is as the code is."""

import ast
import re
from pathlib import Path

import pytest

import kerassl
from kerassl import models
from kerassl.modalities import MODALITIES

PACKAGE = Path(kerassl.__file__).parent
ENGINE = [
    *sorted((PACKAGE / "pretraining").glob("*.py")),
    *sorted(p for p in (PACKAGE / "zoo").glob("*.py")),
    *sorted((PACKAGE / "distribute").glob("*.py")),
    *(PACKAGE / "data" / name for name in ("conversion.py", "dataset.py", "source.py")),
    *(PACKAGE / "transfer" / name for name in ("measure.py", "by_name.py")),
    *sorted((PACKAGE / "cli").rglob("*.py")),
    PACKAGE / "use" / "generating.py",
    *(PACKAGE / name for name in ("runs.py", "testing.py")),
]
METHODS = set(models.__all__) - {"PretextModel"}


def named_in(path):
    """Returns what a file names: (names of the code, strings but for docstrings)."""
    tree = ast.parse(path.read_text("utf-8"))
    names, strings, docs = set(), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add(node.name)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs.add(id(node.value))
        elif isinstance(node, ast.Constant) and id(node) not in docs:
            strings.add(node.value)
    return names, strings


@pytest.mark.parametrize(
    "path", ENGINE, ids=lambda path: f"{path.parent.name}_{path.stem}"
)
def test_it_knows_no_method_and_no_modality(path):
    names, strings = named_in(path)
    assert not (names | strings) & METHODS
    assert not strings & set(MODALITIES)


def test_the_check_sees_names(tmp_path):
    file = tmp_path / "engine.py"
    file.write_text('"""image"""\nif modality == "text":\n    models.SimCLR(image)\n')
    names, strings = named_in(file)
    assert "SimCLR" in names and strings == {"text"}


def test_the_page_names_files_that_are_there():
    # In the checkout: the page is no part of the wheel.
    root = Path(__file__).parents[1]
    page = (root / "kerassl" / "README.md").read_text("utf-8")
    names = re.findall(r"`(\w+\.py|[\w/]+/(?:\w+\.\w+)?)`", page)
    assert len(names) > 30
    for name in names:
        assert (root / "kerassl" / name).exists() or (root / name).exists(), name
