"""The page on Keras's private parts is as the code is."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
# In the checkout: the page is no part of the wheel.
FOLDER = TESTS.parent / "kerassl" / "distribute"
PAGE = (FOLDER / "README.md").read_text("utf-8")


def test_it_names_every_file():
    files = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert files <= set(re.findall(r"`(\w+\.py)`", PAGE))


def test_its_tests_exist():
    named, file = [], None
    for path, test in re.findall(r"`([\w/]*\.py)?(?:::(test_\w+))?`", PAGE):
        if path and Path(path).name.startswith("test_"):
            folder = TESTS.parent if "/" in path else TESTS / "distribute"
            file = folder / path
            assert file.is_file(), path
        if test:
            named.append(test)
            assert f"def {test}(" in file.read_text("utf-8"), f"{file}: {test}"
    assert len(named) > 20
