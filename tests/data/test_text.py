import bz2
import gzip
import json
import lzma
import os

import numpy as np
import pytest
import tensorflow as tf

from kerassl.data import TextSource, text_files, text_lines
from kerassl.data.file_bytes import FileBytes
from kerassl.errors import UserError


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
    monkeypatch.setattr(text_lines, "BLOCK_BYTES", 64)
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
@pytest.mark.parametrize(
    "encoding",
    ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_wide_texts_are_recognised_and_read(tmp_path, unit, encoding):
    (tmp_path / "a.txt").write_bytes("one é\ntwo\n".encode(encoding))
    (tmp_path / "b.txt").write_text("three")
    source = TextSource(tmp_path, unit=unit)
    first = ["one é\ntwo"] if unit == "file" else ["one é", "two"]
    assert read(source) == [*first, "three"] and source.num_skipped == 0
    assert source.notes == [f"1 file read as {encoding.upper()}"]


@pytest.mark.parametrize(
    "content", ["中文很好\n我们\n".encode("utf-16-le"), "odd".encode("utf-16") + b"x"]
)
def test_wide_texts_that_cannot_be_read_are_counted(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    (tmp_path / "b.txt").write_text("three")
    source = TextSource(tmp_path)
    assert read(source) == ["three"]
    assert [("UTF-16" in s.reason, s.where) for s in source.skipped] == [
        (True, str(tmp_path / "a.txt"))
    ]


@pytest.mark.parametrize("size", [10, 1])
def test_carriage_returns_end_lines_where_nothing_else_does(
    tmp_path, monkeypatch, size
):
    monkeypatch.setattr(text_lines, "BLOCK_BYTES", 8 * size)
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\rtwo\r\rthree\r")
    source = TextSource(path)
    assert read(source) == ["one", "two", "three"]
    assert source.skipped_by_reason == {"empty": 1}
    assert source.notes == ["1 file with carriage returns as line ends"]
    path.write_bytes(b"a\rb\nc\r\n")
    assert read(TextSource(path)) == ["a\rb", "c"]


BLANK = [
    "\u3000\u3000",
    "\u00a0",
    "\u200b\u2060",
    "\ufeff",
    "\u2028",
    "\x85",
    "\x01\x1c",
]


def test_lines_that_show_nothing_are_empty(tmp_path):
    path = tmp_path / "a.txt"
    kept = ["あ", "\u3000字", "ï»", "a\x85b\u2028c", "👨\u200d👩"]
    path.write_text("\n".join([*BLANK, *kept]), "utf-8")
    source = TextSource(path)
    assert read(source) == kept
    assert source.skipped_by_reason == {"empty": len(BLANK)}
    records = path.with_suffix(".jsonl")
    records.write_text("\n".join(json.dumps({"text": t}) for t in [*BLANK, *kept]))
    assert read(TextSource(records)) == kept


def test_nul_bytes_are_no_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a long line of text\n" * 3 + b"a\0b\n")
    source = TextSource(path)
    assert len(source) == 3
    assert source.skipped_by_reason == {"holds NUL bytes": 1}


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
    assert reasons[1] == "no text in field 'body' (it has ['other'])"
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
    for name in ("b.txt", "a.txt", "sub/c.md", ".hidden.txt", "d.log"):
        (tmp_path / name).write_text(name)
    for name in ("e.csv", "f.csv", "g.DOCX", "h"):
        (tmp_path / name).write_text(name)
    source = TextSource(tmp_path)
    assert read(source) == ["a.txt", "b.txt", "sub/c.md"]
    assert source.skipped_by_reason == {
        "a .csv file, not read": 2,
        "a .log file, not read": 1,
        "a .docx file, not read": 1,
        "a file without suffix, not read": 1,
    }
    assert read(TextSource(f"{tmp_path}/*.txt")) == ["a.txt", "b.txt"]
    assert read(TextSource([tmp_path / "d.log", f"{tmp_path}/**/*.md"])) == [
        "d.log",
        "sub/c.md",
    ]


def test_of_large_files_only_what_is_asked_for_is_read(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\nthree\n")
    monkeypatch.setattr(text_files, "WHOLE_BYTES", 1)
    source = TextSource(path)
    assert isinstance(source._buffers[0], FileBytes)
    assert read(source, [2, 0, 1]) == ["three", "one", "two"]


@pytest.mark.parametrize("change", ["cut", "same length", "replaced", "removed"])
def test_a_file_that_changes_while_it_is_read_is_an_error(
    tmp_path, monkeypatch, change
):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\nthree\n")
    monkeypatch.setattr(text_files, "WHOLE_BYTES", 1)
    source = TextSource(path)
    if change == "cut":
        os.truncate(path, 5)
    elif change == "same length":
        path.write_text("one\nTWO\nthree\n")
        os.utime(path, (1, 1))
    else:
        path.unlink()
        if change == "replaced":
            path.write_text("one\nTWO\nthree\n")
    with pytest.raises(OSError, match="a.txt"):
        source._read(np.array([2]))


def test_the_digest_tells_of_content_and_names(tmp_path):
    def digest():
        return TextSource(tmp_path).describe()["digest"]

    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    before = digest()
    assert before == digest() and len(TextSource(tmp_path).fingerprints()) == 2
    (tmp_path / "a.txt").write_text("ONE")
    changed = digest()
    (tmp_path / "b.txt").rename(tmp_path / "c.txt")
    assert len({before, changed, digest()}) == 3


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


ARCHIVES = {".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress}


@pytest.mark.parametrize("suffix", ARCHIVES)
def test_broken_archive_is_named(tmp_path, suffix):
    path = tmp_path / f"a.txt{suffix}"
    whole = ARCHIVES[suffix](np.random.default_rng(0).bytes(999).hex().encode())
    flipped = bytearray(whole)
    flipped[500] ^= 255
    for content in (b"not compressed", whole[:-50], bytes(flipped)):
        path.write_bytes(content)
        with pytest.raises(OSError, match=f"a.txt{suffix} cannot be decompressed"):
            TextSource(path)


def test_a_small_archive_must_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "UNPACKED_BYTES", 1 << 21)
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"a" * 5_000_000))
    with pytest.raises(OSError, match="a.txt.gz cannot be read: .*Unpack it"):
        TextSource(path)
    monkeypatch.setattr(text_files, "UNPACKED_BYTES", 1 << 23)
    assert len(TextSource(path)) == 1
    monkeypatch.setattr(text_files, "UNPACKED_TOTAL", 1 << 22)
    with pytest.raises(OSError, match="held in memory"):
        TextSource(path)


@pytest.mark.parametrize(
    "patterns, message",
    [
        ("", "must name a file or a folder"),
        ([""], "must name a file or a folder"),
        ([], "at least one file"),
        (5, "`patterns` must be"),
        ([5], "`patterns` must hold"),
        ("~no_such_user/a.txt", "home"),
        ("/dev/null", "regular files"),
    ],
)
def test_what_is_no_path_is_refused(patterns, message):
    with pytest.raises(UserError, match=message):
        TextSource(patterns)


def test_names_of_every_kind(tmp_path):
    folder = tmp_path / "a.txt[0]*"
    folder.mkdir()
    (folder / "b[1].txt").write_text("one")
    with open(os.fsencode(folder) + b"/\xff.txt", "wb") as file:
        file.write(b"two")
    paths = [str(folder / "b[1].txt"), folder / ".." / folder.name / "b[1].txt", folder]
    source = TextSource(paths)
    assert read(source) == ["one", "two"]  # each once
    json.dumps(source.describe(), ensure_ascii=False).encode()


def test_an_empty_file_is_counted(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.txt").write_text("")
    assert TextSource(tmp_path).skipped_by_reason == {"empty": 1}


@pytest.mark.parametrize("value", ["3", float("nan"), -1, True])
def test_wrong_lengths_and_names_are_refused(tmp_path, value):
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(UserError, match="`min_length`"):
        TextSource(tmp_path, min_length=value)
    with pytest.raises(UserError, match="`field`"):
        TextSource(tmp_path, field=5)
