"""Texts of all encodings, line ends, kinds and layouts, and what is taken for texts."""

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile

import numpy as np
import pytest
from hostile_inputs import Odd, check, file, files

from kerassl.data import as_source

TWO = ["one two", "three"]


def read(given, **options):
    return as_source(given, modality="text", **options)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def odd(name, content, examples=None, called="a.txt", **expected):
    """Returns an `Odd` of one file, or one that is refused by a message."""
    if "refused" not in expected and examples is None:
        raise ValueError(name)
    return Odd(name, file(called, content), examples=examples, **expected)


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def link(to, name, what=None):
    """Returns a maker of a folder in which `name` is a link to `to`."""

    def make(folder):
        data = files(**(what or {"a_txt": "one two\nthree\n"}))(folder / "data")
        os.symlink(to, data / name)
        return data

    return make


def truncated(content):
    return content[: len(content) // 2]


def flipped(content):
    return content[:20] + bytes([content[20] ^ 0xFF]) + content[21:]


def zipped(name):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "text\n")
    return content.getvalue()


LONG = "".join(f"{i} {i * i}\n" for i in range(2000)).encode()

ENCODINGS = [
    odd("a byte order mark", b"\xef\xbb\xbfone two\nthree\n", TWO),
    odd("a mark alone", b"\xef\xbb\xbf", refused="empty"),
    odd("utf-16 with a mark", "one two\nthree\n".encode("utf-16"), TWO),
    odd("utf-16-le without one", "one two\nthree\n".encode("utf-16-le"), TWO),
    odd("utf-16-be without one", "one two\nthree\n".encode("utf-16-be"), TWO),
    odd("utf-32-be without one", "one two\nthree\n".encode("utf-32-be"), TWO),
    odd(
        "utf-16 cut in a character", "one two\n".encode("utf-16")[:-1], refused="UTF-16"
    ),
    odd(
        "utf-16 of a csv",
        "text,n\none two,1\nthree,2\n".encode("utf-16"),
        TWO,
        "a.csv",
    ),
    odd(
        "utf-16 of json lines", lines({"text": "a"}).encode("utf-16"), ["a"], "a.jsonl"
    ),
    odd(
        "one line of latin-1",
        "one two\ncaf\xe9\nthree\n".encode("latin-1"),
        TWO,
        skipped={"not UTF-8": 1},
    ),
    odd("latin-1 alone", "caf\xe9\n".encode("latin-1"), refused="not UTF-8"),
    odd("shift-jis", "こんにちは\n世界\n".encode("shift-jis"), refused="not UTF-8"),
    odd("an overlong slash", b"ok\n\xc0\xaf\n", ["ok"], skipped={"not UTF-8": 1}),
    odd("half a surrogate", b"ok\n\xed\xa0\x80\n", ["ok"], skipped={"not UTF-8": 1}),
    odd(
        "a NUL in a line",
        b"a good line of text\nno\0\n",
        ["a good line of text"],
        skipped={"holds NUL bytes": 1},
    ),
    odd(
        "a character cut at the end",
        "ok\né".encode()[:-1],
        ["ok"],
        skipped={"not UTF-8": 1},
    ),
    odd("four-byte characters", "😀\n𝔘𝔫𝔦\n", ["😀", "𝔘𝔫𝔦"]),
]
LINE_ENDS = [
    odd("carriage returns and line feeds", "one two\r\nthree\r\n", TWO),
    odd(
        "carriage returns alone",
        "one two\rthree\r",
        TWO,
        noted="carriage returns as line ends",
    ),
    odd("no line end at the end", "one two\nthree", TWO),
    odd("line feeds alone", "\n\n\n", refused="empty"),
    odd("blanks", "ok\n   \n\t\n", ["ok"], skipped={"empty": 2}),
    odd("ideographic spaces", "ok\n\u3000\u3000\n", ["ok"], skipped={"empty": 1}),
    odd("no-break spaces", "ok\n\xa0\n", ["ok"], skipped={"empty": 1}),
    odd(
        "characters of no width",
        "ok\n\u200b\u2060\ufeff\n",
        ["ok"],
        skipped={"empty": 1},
    ),
    odd("a form feed within", "one\x0ctwo\n", ["one\x0ctwo"]),
    odd("a line separator within", "one\u2028two\n", ["one\u2028two"]),
    odd("a lone carriage return within", "one\rtwo\nthree\n", ["one\rtwo", "three"]),
    odd("one byte", "a", ["a"]),
    odd("nothing", b"", refused="empty"),
    odd("a long line", "x" * (1 << 21), ["x" * (1 << 21)]),
    odd("a whole file", "one\ntwo\n", ["one\ntwo"], options={"unit": "file"}),
    odd("a blank file as a whole", " \n", refused="empty", options={"unit": "file"}),
    odd(
        "lines that are too short",
        "ab\nabcd\n日本\n",
        ["abcd"],
        skipped={"shorter than 3 characters": 2},
        options={"min_length": 3},
    ),
]
KINDS = [
    odd("a PDF called text", b"%PDF-1.7\n%\xe2\n", refused="a PDF file"),
    odd("a page", "text", called="a.html", refused="an HTML file"),
    odd("a page called text", "<!DOCTYPE html><p>a", refused="an HTML file"),
    odd("XML called text", '<?xml version="1.0"?><a/>', refused="an XML file"),
    odd("rich text", r"{\rtf1 a}", refused="an RTF file"),
    odd("a Word file", zipped("word/document.xml"), called="a.docx", refused="a Word"),
    odd("a ZIP archive", zipped("a.txt"), called="a.zip", refused="an archive"),
    odd("a ZIP called text", zipped("a.txt"), refused="a ZIP archive"),
    odd("gzip called text", gzip.compress(LONG), refused="an archive"),
    odd("a picture called text", b"\x89PNG\r\n\x1a\n" + b"x" * 30, refused="an image"),
    odd("a program", b"\x7fELF" + bytes(60), refused="a binary file"),
    odd("zeros", bytes(5000), refused="a binary file"),
    odd("a pickle", b"\x80\x04K\x01.", called="a.txt", refused="a binary file"),
    odd("Parquet called text", b"PAR1\x15\x04", refused="a Parquet file"),
    odd("no Parquet", b"hello", called="a.parquet", refused="cannot be read|pyarrow"),
    odd("arrays", b"PK\x03\x04", called="a.npz", refused="a.npz"),
    odd("text about HTML", "see <html> in a page\n", ["see <html> in a page"]),
    odd("a name of no kind", "one two\nthree\n", TWO, "a.corpus"),
    odd("a name in capitals", "one two\nthree\n", TWO, "A.TXT"),
]
ARCHIVES = [
    odd("gzip", gzip.compress(b"one two\nthree\n"), TWO, "a.txt.gz"),
    odd("xz", lzma.compress(b"one two\nthree\n"), TWO, "a.txt.xz"),
    odd("bzip2", bz2.compress(b"one two\nthree\n"), TWO, "a.txt.bz2"),
    odd("gzip of json lines", gzip.compress(b'{"text": "a"}\n'), ["a"], "a.jsonl.gz"),
    odd("gzip of a csv", gzip.compress(b"text\na\n"), ["a"], "a.csv.gz"),
    odd("gzip of UTF-16", gzip.compress("a b\n".encode("utf-16")), ["a b"], "a.txt.gz"),
    odd(
        "gzip of gzip",
        gzip.compress(gzip.compress(LONG)),
        called="a.gz",
        refused="archive",
    ),
    odd(
        "two gzips in one",
        gzip.compress(b"one two\n") + gzip.compress(b"three\n"),
        TWO,
        "a.gz",
    ),
    odd(
        "gzip of a page",
        gzip.compress(b"<html>"),
        called="a.html.gz",
        refused="an HTML",
    ),
    odd("gzip of nothing", gzip.compress(b""), called="a.txt.gz", refused="empty"),
    *(
        odd(
            f"{how.__name__} {suffix}",
            how(pack(LONG)),
            called=f"a.txt{suffix}",
            refused="decompressed",
        )
        for suffix, pack in (
            (".gz", gzip.compress),
            (".xz", lzma.compress),
            (".bz2", bz2.compress),
        )
        for how in (truncated, flipped)
    ),
    odd("text called gzip", "hello\n", called="a.txt.gz", refused="decompressed"),
    odd("nothing called xz", b"", called="a.txt.xz", refused="decompressed|empty"),
    odd(
        "a bomb",
        gzip.compress(bytes(1 << 28) + b"a"),
        called="a.gz",
        refused="become more",
    ),
]
JSON = [
    odd(
        "a line that is none",
        '{"text": "a"}\n{"text": \n',
        ["a"],
        "a.jsonl",
        skipped={"not JSON": 1},
    ),
    odd(
        "nested deeply",
        '{"text": "a"}\n' + "[" * 99_999 + "\n",
        ["a"],
        "a.jsonl",
        skipped={"not JSON": 1},
    ),
    odd(
        "no object",
        '{"text": "a"}\n[1]\n3\nnull\n',
        ["a"],
        "a.jsonl",
        skipped={
            "a JSON list, not an object": 1,
            "a JSON int, not an object": 1,
            "a JSON NoneType, not an object": 1,
        },
    ),
    odd(
        "a number for text",
        lines({"text": "a"}, {"text": 5}),
        ["a"],
        "a.jsonl",
        skipped={"no text in field 'text'": 1},
    ),
    odd(
        "null for text",
        lines({"text": "a"}, {"text": None}),
        ["a"],
        "a.jsonl",
        skipped={"no text in field 'text'": 1},
    ),
    odd(
        "no text",
        lines({"text": "a"}, {"t": "b"}),
        ["a"],
        "a.jsonl",
        skipped={"no text in field 'text'": 1},
    ),
    odd(
        "a blank text",
        lines({"text": "a"}, {"text": " \u3000"}),
        ["a"],
        "a.jsonl",
        skipped={"empty": 1},
    ),
    odd(
        "half a surrogate pair",
        lines({"text": "a"}, {"text": "\ud800"}),
        ["a"],
        "a.jsonl",
        skipped={"not UTF-8": 1},
    ),
    odd(
        "an escaped NUL",
        lines({"text": "a"}, {"text": "b\0"}),
        ["a"],
        "a.jsonl",
        skipped={"holds NUL bytes": 1},
    ),
    odd(
        "the text twice",
        '{"text": "a"}\n{"text": "b", "text": "c"}\n',
        ["a"],
        "a.jsonl",
        skipped={"not JSON": 1},
    ),
    odd("line ends in a text", lines({"text": "a\nb"}), ["a\nb"], "a.jsonl"),
    odd("an escaped pair", '{"text": "\\ud83d\\ude00"}\n', ["😀"], "a.jsonl"),
    odd(
        "another field",
        lines({"body": "a"}),
        called="a.jsonl",
        refused="`field` must name the text",
    ),
    odd(
        "another field, named",
        lines({"body": "a"}),
        ["a"],
        "a.jsonl",
        options={"field": "body"},
    ),
    odd(
        "a field that is not there",
        lines({"text": "a"}),
        called="a.jsonl",
        refused="no text in field|`field`",
        options={"field": "body"},
    ),
    odd(
        "a list of records",
        json.dumps([{"text": "a"}, {"text": ""}]),
        ["a"],
        "a.json",
        skipped={"empty": 1},
    ),
    odd(
        "a list of strings",
        '["a", "b", 3]',
        ["a", "b"],
        "a.json",
        skipped={"a JSON int, not an object": 1},
    ),
    odd("lines in .json", lines({"text": "a"}, {"text": "b"}), ["a", "b"], "a.json"),
    odd(
        "one object in .json",
        '{"text": "a"}',
        called="a.json",
        refused="must hold a list",
    ),
    odd("a number in .json", "5", called="a.json", refused="must hold a list"),
    odd(
        "cut short in .json",
        '[{"text": "a"}, {"te',
        called="a.json",
        refused="not JSON",
    ),
    odd("deep in .json", "[" * 99_999, called="a.json", refused="nested too deeply"),
    odd("an empty list in .json", "[]", called="a.json", refused="empty"),
    odd(
        "one class as two types",
        lines({"text": "a", "y": 1}, {"text": "b", "y": "1"}, {"text": "c", "y": "0"}),
        3,
        "a.jsonl",
        labels=[1, 1, 0],
        options={"label_field": "y"},
    ),
    odd(
        "a record without a label",
        lines({"text": "a", "y": 1}, {"text": "b"}),
        ["a"],
        "a.jsonl",
        skipped={"no label in field 'y'": 1},
        options={"label_field": "y"},
    ),
    odd(
        "a list for a label",
        lines({"text": "a", "y": 1}, {"text": "b", "y": [1]}),
        ["a"],
        "a.jsonl",
        skipped={"no label in field 'y'": 1},
        options={"label_field": "y"},
    ),
]
TABLES = [
    odd(
        "quotes and line ends",
        'text,n\n"one, ""two""\nmore",1\n',
        ['one, "two"\nmore'],
        "a.csv",
    ),
    odd("semicolons", "n;text\n1;a, b\n", ["a, b"], "a.csv"),
    odd("a header alone", "text,n\n", called="a.csv", refused="empty"),
    odd(
        "no column called text",
        "body,n\na,1\n",
        called="a.csv",
        refused="`field` must name",
    ),
    odd("the column twice", "text,text\na,b\n", called="a.csv", refused="one column"),
    odd(
        "a row too short",
        "text,n\na,1\nb\n",
        ["a"],
        "a.csv",
        skipped={"other columns than the header": 1},
    ),
    odd(
        "a row too long",
        "text,n\na,1\nb,2,3\n",
        ["a"],
        "a.csv",
        skipped={"other columns than the header": 1},
    ),
    odd(
        "a blank row", "text,n\na,1\n\nb,2\n", ["a", "b"], "a.csv", skipped={"empty": 1}
    ),
    odd("a blank text", "text,n\na,1\n ,2\n", ["a"], "a.csv", skipped={"empty": 1}),
    odd(
        "a quote never closed",
        'text,n\n"a,1\nb,2\n',
        called="a.csv",
        refused="never closed",
    ),
    odd(
        "a broken quote",
        'text,n\n"a"b,1\nc,2\n',
        ["c"],
        "a.csv",
        skipped={"not CSV": 1},
    ),
    odd(
        "latin-1 in a row",
        "text,n\ncaf\xe9,1\nb,2\n".encode("latin-1"),
        ["b"],
        "a.csv",
        skipped={"not UTF-8": 1},
    ),
    odd("a mark in a table", "\ufefftext,n\na,1\n", ["a"], "a.csv"),
    odd("quotes in tabs", 'text\tn\n"a\t1\n', ['"a'], "a.tsv"),
    odd(
        "labels in a table",
        "text,y\na,b\nc,d\ne,\n",
        ["a", "c"],
        "a.csv",
        labels=[0, 1],
        skipped={"no label in field 'y'": 1},
        options={"label_field": "y"},
    ),
    odd("carriage returns in a table", "text,n\ra,1\rb,2\r", ["a", "b"], "a.csv"),
    odd(
        "a field that is none",
        "text\na\n",
        called="a.csv",
        refused="`field`",
        options={"field": 5},
    ),
]
UNICODE = [
    odd("marks apart", "e\u0301\n", ["e\u0301"]),
    odd("right to left", "\u202eabc\nשלום\n", ["\u202eabc", "שלום"]),
    odd("a family", "👨\u200d👩\u200d👧\n", ["👨\u200d👩\u200d👧"]),
    odd("private use and non-characters", "\ue000\n\uffff\n", ["\ue000", "\uffff"]),
    odd("control characters alone", "ok\n\x01\x02\n", ["ok"], skipped={"empty": 1}),
    odd("colours of a terminal", "\x1b[31mred\x1b[0m\n", ["\x1b[31mred\x1b[0m"]),
    odd("a thousand marks", "a" + "\u0301" * 1000 + "\n", ["a" + "\u0301" * 1000]),
]
FOLDERS = [
    Odd("an empty folder", lambda f: f, refused="No text files .* no file at all"),
    Odd("pictures alone", files(a_png=b"x"), refused="image preset"),
    Odd(
        "other kinds beside texts",
        files(a_txt="a", b_csv="text\nb", c_html="c", d_docx="d", e="e"),
        examples=["a"],
        skipped={
            "a .csv file, not read": 1,
            "a .html file, not read": 1,
            "a .docx file, not read": 1,
            "a file without suffix, not read": 1,
        },
    ),
    Odd("tables alone", files(a_csv="text\na", b_json='["b"]'), examples=["a", "b"]),
    Odd(
        "what is hidden",
        lambda f: [file(n, "x")(f) for n in (".a.txt", ".git/b.txt", "c.txt")] and f,
        examples=["x"],
    ),
    Odd(
        "an empty file among others",
        files(a_txt="a", b_txt=""),
        examples=["a"],
        skipped={"empty": 1},
    ),
    Odd(
        "a page called text among others",
        files(a_txt="a", b_txt="<html>"),
        examples=["a"],
        skipped={"an HTML file": 1},
    ),
    Odd(
        "a name in Latin-1",
        lambda f: file(os.fsdecode(b"caf\xe9.txt"), "a")(f) and f,
        examples=["a"],
    ),
    Odd(
        "a name with a line end",
        lambda f: file("a\nb.txt", "a\n\xe9".encode("latin-1"))(f) and f,
        examples=["a"],
        skipped={"not UTF-8": 1},
    ),
    Odd(
        "two class folders",
        files(x__a_txt="a", y__b_txt="b\nc"),
        examples=3,
        labels=[0, 1, 1],
    ),
    Odd(
        "a stray text beside classes",
        files(x__a_txt="a", y__b_txt="b", c_txt="c"),
        examples=2,
        labels=[0, 1],
        skipped={"beside the class folders": 1},
    ),
    Odd(
        "many texts beside classes",
        files(x__a_txt="a", y__b_txt="b", c_txt="c", d_txt="d"),
        examples=4,
        labels="none",
        noted="No labels: 2 of 4",
    ),
    Odd(
        "splits above classes",
        files(
            train__x__a_txt="a",
            train__y__b_txt="b",
            test__x__c_txt="c",
            test__y__d_txt="d",
        ),
        examples=["a", "b"],
        labels=[0, 1],
        test=2,
        noted="are splits",
    ),
    Odd(
        "splits of plain texts",
        files(train__a_txt="a", val__b_txt="b\nc"),
        examples=["a"],
        test=2,
        labels="none",
    ),
    Odd(
        "two folders to train on",
        files(train__a_txt="a", training__b_txt="b"),
        refused="called like splits",
    ),
    Odd(
        "a test split alone beside val",
        files(test__a_txt="a", val__b_txt="b"),
        refused="called like splits",
    ),
    Odd(
        "a class unknown to training",
        files(
            train__x__a_txt="a",
            train__y__b_txt="b",
            test__x__c_txt="c",
            test__z__d_txt="d",
        ),
        refused="classes to test on",
    ),
]
LINKS = [
    Odd(
        "a link to nothing",
        link("nowhere", "b.txt"),
        examples=TWO,
        skipped={"a link to nothing": 1},
    ),
    Odd(
        "a link to itself",
        link("b.txt", "b.txt"),
        examples=TWO,
        skipped={"a link to nothing": 1},
    ),
    Odd(
        "a link to the folder above",
        link("..", "up"),
        examples=TWO,
        skipped={"a link to a folder that is read already": 1},
    ),
    Odd(
        "two links to one folder",
        lambda f: (
            [
                files(a_txt="a")(f / "real"),
                (f / "data").mkdir(),
                os.symlink(f / "real", f / "data" / "b"),
                os.symlink(f / "real", f / "data" / "c"),
            ]
            and f / "data"
        ),
        examples=["a"],
        skipped={"a link to a folder that is read already": 1},
    ),
    Odd(
        "a pipe among texts",
        lambda f: [os.mkfifo(f / "p.txt"), file("a.txt", "a")(f)] and f,
        examples=["a"],
        skipped={"neither a file nor a folder": 1},
    ),
    Odd(
        "a pipe",
        lambda f: os.mkfifo(f / "p.txt") or [f / "p.txt"],
        refused="a pipe or a device",
    ),
    Odd(
        "a folder called text",
        lambda f: file("a.txt/b.txt", "b")(f).parent,
        examples=["b"],
    ),
]
NAMES = [
    Odd("an empty name", lambda f: "", refused="must name a file or a folder"),
    Odd("a blank name", lambda f: "  ", refused="must name a file or a folder"),
    Odd("a NUL in a name", lambda f: "a\0b", refused="must name a file or a folder"),
    Odd(
        "a home of no one",
        lambda f: "~nosuchuser/a.txt",
        refused="user who is not known",
    ),
    Odd(
        "a name too long",
        lambda f: "a long text " * 500,
        refused="must name a file or a folder",
    ),
    Odd("a name of half a pair", lambda f: "\ud800", refused="must name a file"),
    Odd(
        "a pattern of nothing",
        lambda f: f"{f}/*.txt",
        refused="No file or folder matches",
    ),
    Odd("a pattern", lambda f: file("a.txt", "a")(f) and f"{f}/*.txt", examples=["a"]),
    Odd(
        "one file twice",
        lambda f: [file("a.txt", "a")(f), f / ".." / f.name / "a.txt"],
        examples=["a"],
    ),
    Odd("a mistyped set", lambda f: "digts", refused="Did you mean 'digits'"),
    Odd("pictures as texts", lambda f: "digits", refused="Expected text data"),
    Odd(
        "a file that may not be read",
        lambda f: file("a.txt", "a")(f / "b") and f / "b" / "a.txt" / "c",
        refused="No file|Not a directory",
    ),
    Odd(
        "a path in a list of texts",
        lambda f: [f, "a"],
        refused="mixes strings|path|PosixPath",
    ),
]
MEMORY = [
    Odd(
        "missing texts",
        lambda f: ["a", float("nan"), None, "b"],
        examples=["a", "b"],
        skipped={"missing": 2},
    ),
    Odd("the words nan and None", lambda f: ["nan", "None"], examples=["nan", "None"]),
    Odd(
        "empty texts", lambda f: ["a", "", " \n"], examples=["a"], skipped={"empty": 2}
    ),
    Odd(
        "ideographic spaces in a list",
        lambda f: ["a", "\u3000", "\u200b"],
        examples=["a"],
        skipped={"empty": 2},
    ),
    Odd(
        "a NUL in a list",
        lambda f: ["a", "b\0c"],
        examples=["a"],
        skipped={"holds NUL bytes": 1},
    ),
    Odd(
        "bytes that are no UTF-8",
        lambda f: ["a", b"caf\xe9", b"b"],
        examples=["a", "b"],
        skipped={"not UTF-8": 1},
    ),
    Odd(
        "half a pair in a list",
        lambda f: ["a", "\ud800"],
        examples=["a"],
        skipped={"not UTF-8": 1},
    ),
    Odd("a number among texts", lambda f: ["a", 5], refused="mixes strings"),
    Odd("a list among texts", lambda f: ["a", ["b"]], refused="mixes strings"),
    Odd(
        "a table of texts",
        lambda f: [["a", "b"], ["c", "d"]],
        refused="Expected text data",
    ),
    Odd("nothing but gaps", lambda f: [None, ""], refused="at least one text"),
    Odd("gaps alone", lambda f: [None, None], refused="must hold numbers or strings"),
    Odd("no list", lambda f: [], refused="at least one example"),
    Odd("an array of one", lambda f: np.array("a"), refused="one row an example"),
    Odd(
        "labels beside gaps",
        lambda f: ["a", None, "b"],
        examples=["a", "b"],
        labels=[0, 2],
        skipped={"missing": 1},
        options={"labels": [0, 1, 2]},
    ),
    Odd("numbers for texts", lambda f: [1, 2], refused="Expected text data"),
    Odd("a generator", lambda f: (t for t in "ab"), refused="Examples must be"),
    Odd(
        "texts that end in NUL as NumPy holds them",
        lambda f: np.array(["a", "bc"]),
        examples=["a", "bc"],
    ),
]


@pytest.mark.parametrize(
    "case",
    ENCODINGS + LINE_ENDS + KINDS + ARCHIVES + JSON + TABLES + UNICODE,
    ids=str,
)
def test_a_file(case, tmp_path):
    check(case, tmp_path, read)


@pytest.mark.parametrize("case", FOLDERS + LINKS + NAMES, ids=str)
def test_a_folder(case, tmp_path):
    check(case, tmp_path, read)


@pytest.mark.parametrize("case", MEMORY, ids=str)
def test_a_list(case, tmp_path):
    check(case, tmp_path, read)
