"""The examples of the docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import kerassl

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(kerassl.__path__, prefix="kerassl.")
    if ".presets" not in module.name
)
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.usefixtures("without_graphs")
@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, optionflags=FLAGS)
    assert not failed, "see the captured output"
