"""The script that measures files, functions and imports."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = {
    "__init__.py": "from own import cli\n",
    "cli.py": "from own import zoo\nimport own.errors\n\n\ndef main():\n    pass\n",
    "zoo/__init__.py": "def names():\n    '''Two\n    lines.'''\n    return []\n",
    "zoo/loading.py": "def load():\n    from own.errors import Mistake\n",
    "errors.py": "class Mistake(ValueError):\n    '''Is one.'''\n",
}


@pytest.fixture
def own(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "own"


def shape(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.shape", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_lengths_and_imports_are_counted(own):
    done = shape("--package", own)
    assert not done.stderr
    blocks = [block.splitlines() for block in done.stdout.split("\n\n")]
    files, functions, _, *rows = blocks
    assert files[0].startswith("5 files: median 2 lines, 90th percentile 6")
    assert files[1].split() == ["6", "cli.py"]
    assert functions[0].startswith("3 functions: median 2 lines")
    assert [line.split()[-1] for line in functions[1:]] == ["main", "names", "load"]
    assert [row[0].split() for row in rows] == [
        ["cli", "errors", "1,", "zoo", "1"],
        ["zoo", "errors", "1"],
        ["errors"],
    ]


def test_the_drawing_leaves_out_what_follows(own):
    drawn = shape("--package", own, "--mermaid").stdout.split("\n    ")
    assert [line.strip() for line in drawn] == [
        "graph TD",
        "cli --> zoo",
        "zoo --> errors",
    ]


def test_a_circle_is_told(own):
    (own / "errors.py").write_text("import own.cli\n")
    assert "each other in a circle: cli, errors, zoo" in shape("--package", own).stderr


def test_kerassl_has_no_circle():
    assert "pretraining --> zoo" in shape("--mermaid").stdout
