"""Files appear whole or not at all."""

import json
import os

import pytest

from kerassl import files


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "file.txt"
    files.write_text(path, "old")
    with files.atomic(path) as unfinished:
        assert unfinished.parent == tmp_path and unfinished.suffix == ".txt"
        assert unfinished.name.startswith(".")
        unfinished.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "folder"
    with files.atomic_folder(path) as unfinished:
        (unfinished / "old.txt").write_text("old")
        assert not path.exists()
    with pytest.raises(KeyError), files.atomic_folder(path) as unfinished:
        (unfinished / "new.txt").write_text("ne")
        raise KeyError
    assert [file.name for file in path.iterdir()] == ["old.txt"]
    with files.atomic_folder(path) as unfinished:
        (unfinished / "new.txt").write_text("new")
        assert (path / "old.txt").read_text() == "old"
    assert [file.name for file in path.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(error, tmp_path):
    path = tmp_path / "file.txt"
    files.write_text(path, "old")
    with pytest.raises(error), files.atomic(path) as unfinished:
        unfinished.write_text("ne")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), files.atomic(tmp_path / "file"):
        pass
    assert not any(tmp_path.iterdir())


def test_bytes_reach_the_disk_before_the_name_and_the_name_last(tmp_path, monkeypatch):
    path, done = tmp_path / "file.txt", []
    flush, replace = os.fsync, os.replace

    def spy_flush(handle):
        done.append(os.readlink(f"/proc/self/fd/{handle}"))
        flush(handle)

    def spy_replace(old, new):
        done.append("renamed")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", spy_flush)
    monkeypatch.setattr(os, "replace", spy_replace)
    files.write_text(path, "text")
    unfinished = str(path.with_name(".unfinished-file.txt"))
    assert done == [unfinished, "renamed", str(tmp_path)]


def test_texts_are_written_as_they_are(tmp_path):
    files.write_json(tmp_path / "a.json", {"ä": [1]})
    content = (tmp_path / "a.json").read_bytes()
    assert content == '{\n  "ä": [\n    1\n  ]\n}\n'.encode()
    assert json.loads(content) == {"ä": [1]}
