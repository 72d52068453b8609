"""Which files a folder holds, and whether they are still the same."""

import os
import pathlib

import pytest

from kerassl.checks import user_path
from kerassl.data import files
from kerassl.data.files import (
    combined_fingerprint,
    files_below,
    fingerprint_files,
)
from kerassl.errors import InvalidValue


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    return tmp_path


def prints(folder):
    return fingerprint_files(files_below(folder), folder)


def test_a_copy_elsewhere_and_later_is_the_same(folder, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy")
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
        os.utime(copy / path.name, (0, 0))
    assert prints(copy) == prints(folder)


@pytest.mark.parametrize("limit", [files.WHOLE_BYTES, 0])
def test_a_change_is_told_by_its_file(folder, monkeypatch, limit):
    monkeypatch.setattr(files, "WHOLE_BYTES", limit)
    before = prints(folder)
    (folder / "b.txt").write_text("too")  # of the same length
    after = prints(folder)
    assert before["a.txt"] == after["a.txt"] and before["b.txt"] != after["b.txt"]
    assert combined_fingerprint(before) != combined_fingerprint(after)


def test_a_new_name_is_a_change(folder):
    before = combined_fingerprint(prints(folder))
    (folder / "b.txt").rename(folder / "c.txt")
    assert combined_fingerprint(prints(folder)) != before


def test_large_files_are_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "WHOLE_BYTES", 0)
    monkeypatch.setattr(files, "SAMPLE_BYTES", 4)
    path = tmp_path / "long.txt"
    path.write_bytes(bytes(100))
    before = fingerprint_files([path])
    path.write_bytes(bytes(50) + b"\1" + bytes(49))  # in the middle
    os.utime(path, (0, 0))
    middle = fingerprint_files([path])
    os.utime(path, (1, 1))
    assert (
        len({*before.values(), *middle.values(), *fingerprint_files([path]).values()})
        == 3
    )


def test_what_is_left_out_is_told(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("one")
    (tmp_path / "data" / ".hidden").touch()
    (tmp_path / "data" / "gone.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "data" / "round.txt").symlink_to(tmp_path / "data" / "round.txt")
    os.mkfifo(tmp_path / "data" / "pipe")
    for name in ("data/link", "data/other"):
        (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.txt").write_text("two")
    told = []
    found = files_below(tmp_path / "data", lambda *words: told.append(words))
    assert [path.name for path in found] == ["a.txt", "b.txt"]
    assert [(os.path.basename(path), reason) for path, reason in told] == [
        ("gone.txt", "a link to nothing"),
        ("pipe", "neither a file nor a folder"),
        ("round.txt", "a link to nothing"),
        ("other", "a link to a folder that is read already"),
    ]
    assert files_below(tmp_path / "data") == found


@pytest.mark.parametrize("path", ["", "  ", "~nosuchuser/x", "a\0b"])
def test_a_path_must_name_something(path):
    with pytest.raises(InvalidValue, match="`data` (must|begins)") as caught:
        user_path(path, "data")
    assert "\n" not in str(caught.value)
    assert user_path("~", "data") == pathlib.Path.home()
    assert user_path(".", "data") == pathlib.Path(".")
