import gzip
import json
import lzma

import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import TextSource, text


def read(source, indices=None):
    indices = range(len(source)) if indices is None else indices
    batch = source.fetch(np.array(list(indices))).numpy()
    return [document.decode() for document in batch]


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz"])
def test_lines_plain_and_compressed(tmp_path, suffix):
    opener = {"": open, ".gz": gzip.open, ".xz": lzma.open}[suffix]
    path = tmp_path / f"a.txt{suffix}"
    with opener(path, "wb") as file:
        file.write("one\r\ntwo\n  drei \u00fc\nlast".encode())
    source = TextSource(path)
    assert read(source) == ["one", "two", "drei ü", "last"]
    assert read(source, [3, 0]) == ["last", "one"]
    assert source.num_skipped == 0


def test_bad_lines_are_counted_named_and_skipped(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\n\n \t\r\ncaf\xe9\nalso good\n\xff\xfe\n")
    source = TextSource(path)
    assert read(source) == ["good", "also good"]
    assert source.num_skipped == 4
    assert [(s.where, s.reason) for s in source.skipped] == [
        (f"{path}:2", "empty"),
        (f"{path}:3", "empty"),
        (f"{path}:4", "not UTF-8 (byte 0xe9 at offset 3)"),
        (f"{path}:6", "not UTF-8 (byte 0xff at offset 0)"),
    ]
    assert source.describe()["skipped"] == 4


def test_blocks_give_the_same_as_one_read(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    lines = [b"x" * int(n) for n in random.integers(0, 30, 500)]
    lines[100], lines[200] = b"\xc3", b"y" * 200  # broken; longer than a block
    lines[300] = "ü".encode() * 12
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n".join(lines))
    monkeypatch.setattr(text, "BLOCK_BYTES", 64)
    source = TextSource(path)
    wanted = [line for line in lines if line and line != b"\xc3"]
    assert read(source) == [line.decode() for line in wanted]
    assert {s.where.rsplit(":", 1)[1] for s in source.skipped} == {
        str(i + 1) for i, line in enumerate(lines) if line in (b"", b"\xc3")
    }


def test_details_are_bounded_but_all_are_counted(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\n" * 150 + b"text\n")
    source = TextSource(path)
    assert (len(source), source.num_skipped, len(source.skipped)) == (1, 150, 100)


def test_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbffirst\n")
    assert read(TextSource(path)) == ["first"]


@pytest.mark.parametrize("unit", ["line", "file"])
def test_utf16_is_told_by_its_mark_and_skipped_whole(tmp_path, unit):
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-16")
    (tmp_path / "b.txt").write_text("three")
    source = TextSource(tmp_path, unit=unit)
    assert read(source) == ["three"]
    assert [s.reason for s in source.skipped] == ["UTF-16, expected UTF-8"]


def test_links_are_followed_and_what_is_hidden_is_not_read(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text("linked")
    folder = tmp_path / "texts"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "readme.md").write_text("hidden")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "link" / "up").symlink_to(folder)  # round and round
    assert read(TextSource(folder)) == ["linked"]


def test_min_length_counts_characters_not_bytes(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("ab\nüüü\nabc\nüü", encoding="utf-8")
    source = TextSource(path, min_length=3)
    assert read(source) == ["üüü", "abc"]
    assert source.skipped[0].reason == "shorter than 3 characters"


def test_a_file_a_document_with_folders_as_classes(tmp_path):
    for folder, words in {"neg": ["bad\nfilm", "dull"], "pos": ["fine"]}.items():
        (tmp_path / folder).mkdir()
        for i, word in enumerate(words):
            (tmp_path / folder / f"{i}.txt").write_text(word)
    (tmp_path / "pos" / "empty.txt").write_text("")
    source = TextSource(tmp_path, unit="file")
    assert read(source) == ["bad\nfilm", "dull", "fine"]
    assert source.labels.tolist() == [0, 0, 1]
    assert source.class_names == ("neg", "pos")
    assert source.skipped[0].reason == "empty"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_json_lines(tmp_path, suffix):
    records = [
        '{"body": "Ü one", "stars": 5}',
        "{broken",
        '{"other": "x"}',
        '["body"]',
        '{"body": "  "}',
        json.dumps({"body": "two", "stars": 1}),
        '{"body": "no label"}',
    ]
    path = tmp_path / f"a.jsonl{suffix}"
    with (gzip.open if suffix else open)(path, "wb") as file:
        file.write("\n".join(records).encode())
    source = TextSource(path, field="body", label_field="stars")
    assert read(source) == ["Ü one", "two"]
    assert source.labels.tolist() == [1, 0]
    assert source.class_names == ("1", "5")
    reasons = [s.reason for s in source.skipped]
    assert reasons[0].startswith("not JSON")
    assert reasons[1] == "no text in field 'body'; it has ['other']"
    assert reasons[2:] == [
        "a JSON list, not an object",
        "empty",
        "no label in field 'stars'",
    ]


def test_the_field_of_json_lines_is_called_text_if_need_be(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x", "id": 1}\n{"text": "y"}\n')
    assert read(TextSource(tmp_path)) == ["x", "y"]


def test_json_lines_need_a_field(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"body": "x"}\n')
    with pytest.raises(ValueError, match=r"fields \['body'\]"):
        TextSource(tmp_path / "a.jsonl")


def test_globs_lists_and_folders(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "a.txt", "sub/c.md", ".hidden.txt", "d.csv"):
        (tmp_path / name).write_text(name)
    assert read(TextSource(tmp_path)) == ["a.txt", "b.txt", "sub/c.md"]
    assert read(TextSource(f"{tmp_path}/*.txt")) == ["a.txt", "b.txt"]
    assert read(TextSource([tmp_path / "d.csv", f"{tmp_path}/**/*.md"])) == [
        "d.csv",
        "sub/c.md",
    ]


def test_large_files_are_mapped(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    monkeypatch.setattr(text, "MAPPED_BYTES", 1)
    source = TextSource(path)
    assert isinstance(source._buffers[0], np.memmap)
    assert read(source) == ["one", "two"]


def test_inside_dataset_map(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\nthree\n")
    source = TextSource(path)
    batches = tf.data.Dataset.range(3).batch(2, drop_remainder=True).map(source.fetch)
    assert batches.element_spec.shape == (2,)
    assert next(iter(batches)).numpy().tolist() == [b"one", b"two"]


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No file matches 'no\*.txt' .*from /"):
        TextSource("no*.txt")
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "b.png").write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match="No text files .* found 2 .png files"):
        TextSource(tmp_path)
    with pytest.raises(ValueError, match="`unit`"):
        TextSource(tmp_path, unit="word")


def test_no_usable_line_is_an_error_that_shows_why(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\n\xfe\n")
    with pytest.raises(ValueError, match="2 were left out; .*a.txt:1: not UTF-8"):
        TextSource(path)
    other = path.with_name("b.txt")
    other.write_bytes(b"\n")
    with pytest.raises(ValueError, match=f"can be used in {path}, {other}: 3 were"):
        TextSource([path, other])


def test_broken_archive_is_named(tmp_path):
    for name in ("a.txt.gz", "b.txt.xz"):
        (tmp_path / name).write_bytes(b"not compressed")
        with pytest.raises(OSError, match=f"{name} cannot be decompressed"):
            TextSource(tmp_path / name)
