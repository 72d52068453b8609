"""A source of one's own is found by what lies at a path, without an edit."""

import numpy as np
import pytest

from kerassl import data
from kerassl.data import conversion
from kerassl.errors import UserError


class Numbers(data.ArraySource):
    """Reads a folder of files of numbers."""

    modality = "vector"
    suffixes = (".num",)

    def __init__(self, folder, scale=1.0):
        rows = [np.loadtxt(file) for file in sorted(folder.glob("*.num"))]
        super().__init__(scale * np.stack(rows))

    @classmethod
    def fitted_options(cls, sections):
        return {"scale": sections["encoder"]["scale"]}


class Point:
    def load(self):
        return Numbers


@pytest.fixture
def numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(conversion, "entry_points", lambda group: [Point()])
    for i in range(3):
        (tmp_path / f"{i}.num").write_text("1 2 3\n")
    return tmp_path


def test_it_is_asked_before_the_one_that_reads_anything(numbers):
    for modality in (None, "vector"):
        source = data.as_source(numbers, modality=modality, scale=2.0)
        assert isinstance(source, Numbers)
        np.testing.assert_array_equal(source.fetch([1]), [[2.0, 4.0, 6.0]])
    assert conversion.reader_of([numbers]) is Numbers


def test_another_kind_is_told_where_it_goes(numbers):
    with pytest.raises(
        FileNotFoundError, match="What is there goes to a vector preset"
    ):
        data.as_source(numbers, modality="image")
    with pytest.raises(UserError, match="Numbers reads a folder, such as"):
        data.as_source(numbers / "0.num", modality="vector")


def test_unknown_options_are_those_of_the_class(numbers):
    with pytest.raises(TypeError, match="`size` is no option of Numbers"):
        data.as_source(numbers, modality="vector", size=3)
