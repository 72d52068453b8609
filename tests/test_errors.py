"""Errors that the user can mend are told from faults of the program."""

import ast
from pathlib import Path

import pytest

import kerassl
from kerassl import data, errors, models

PLAIN = {"ValueError", "TypeError", "ImportError"}


def test_each_is_an_error_of_its_kind_too():
    assert issubclass(errors.InvalidValue, (errors.UserError, ValueError))
    assert issubclass(errors.InvalidType, (errors.UserError, TypeError))
    assert issubclass(errors.MissingPackage, (errors.UserError, ImportError))
    assert not issubclass(errors.TrainingDiverged, errors.UserError)


def test_what_is_refused_is_a_user_error():
    with pytest.raises(errors.UserError, match="at least one example"):
        data.as_source([])
    with pytest.raises(errors.UserError, match="must be a keras.Model"):
        models.SimCLR(encoder=None)


def test_no_file_refuses_with_a_plain_error():
    """A plain error would be told as a fault of the program."""
    plain = [
        f"{path.name}:{node.lineno}"
        for path in Path(kerassl.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
        if getattr(node.exc.func, "id", None) in PLAIN
    ]
    assert not plain
