import json
import sys

import pytest

from kerassl.data import TextSource


def source_of(tmp_path, name, content, **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return TextSource(path, **options)


def table(folder, name, content):
    path = folder / name
    path.write_text(content)
    return path


def read(source):
    return [text.decode() for text in source.fetch(range(len(source))).numpy()]


TABLE = 'text,kind\n"a ""b"",\nc",x\nplain,y\n'


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        "\ufeff" + TABLE,
        TABLE.replace("\n", "\r\n"),
        TABLE.replace('b"",', 'b"";').replace(",", ";"),
        TABLE.encode("utf-16"),
    ],
)
def test_csv(tmp_path, content):
    source = source_of(tmp_path, "a.csv", content, label_field="kind")
    texts = [text.replace("\r", "").replace(";", ",") for text in read(source)]
    assert texts == ['a "b",\nc', "plain"]
    assert source.class_names == ("x", "y") and source.num_skipped == 0


def test_rows_that_cannot_be_used_are_counted(tmp_path):
    rows = [b"text,n", b"a,b,c", b"one", b"", b"caf\xe9,1", b" ,1", b'"a"b,1', b"d,1"]
    rows += [b"a\0b,1", b"x" * 200_000 + b",1"]
    source = source_of(tmp_path, "a.csv", b"\n".join(rows))
    assert [text[:9] for text in read(source)] == ["d", "x" * 9]
    assert source.skipped_by_reason == {
        "other columns than the header": 2,
        "empty": 2,
        "not UTF-8": 1,
        "not CSV": 1,
        "holds NUL bytes": 1,
    }
    assert source.skipped[0].where.endswith("a.csv:2")


@pytest.mark.parametrize("rest", ["b,1\n" * 9, "x " * 9_000_000])
def test_a_quote_without_end_is_an_error(tmp_path, rest):
    with pytest.raises(ValueError, match="a.csv: a quote .* line 3 is never closed"):
        source_of(tmp_path, "a.csv", f'text,n\na,1\n"b,1\n{rest}')


def test_tsv_knows_no_quotes(tmp_path):
    source = source_of(tmp_path, "a.tsv", 'text\tn\n"a" b\t1\n"open, c\t2\n')
    assert read(source) == ['"a" b', '"open, c']


@pytest.mark.parametrize(
    "name, content, options, message",
    [
        ("a.csv", "hello,1\nyou,2", {}, r"`field` .*\['hello', '1'\]"),
        ("a.csv", "body\nx", {"field": "text"}, "`field`"),
        ("a.csv", "text,text\na,b", {}, "one column"),
        ("a.csv", "text\na", {"label_field": "n"}, "`label_field` .*'n'"),
        ("a.csv", "text\n", {}, "empty"),
        ("a.csv", "", {}, "empty"),
        ("a.json", '{"text": "a"}', {}, "list of records"),
        ("a.json", '{"text"', {}, "not JSON"),
        ("a.json", "[" * 200_000, {}, "nested too deeply"),
        ("a.json", "5", {}, "list of records"),
        ("a.json", "[]", {}, "empty"),
        ("a.json", '[{"body": "a"}]', {}, r"`field` .*\['body'\]"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, name, content, options, message):
    with pytest.raises(ValueError, match=message):
        source_of(tmp_path, name, content, **options)


def test_json(tmp_path):
    records = [{"text": "a"}, {"x": 1}, 5, None, {"text": ["b"]}, {"text": "c\nd"}]
    for indent in (None, 2):
        text = json.dumps(records, indent=indent)
        source = source_of(tmp_path, "a.json", text)
        assert read(source) == ["a", "c\nd"] and source.num_skipped == 4
        assert source.skipped[0].where.endswith("a.json[1]")
    assert read(source_of(tmp_path, "a.json", '["a", "", "b"]')) == ["a", "b"]
    lines = '{"text": "a"}\n\n{"text": "b"}\n'
    assert read(source_of(tmp_path, "a.json", lines)) == ["a", "b"]
    assert read(source_of(tmp_path, "a.ndjson", lines)) == ["a", "b"]


@pytest.mark.parametrize(
    "line, reason",
    [
        ('{"text": ' + "[" * 100_000 + "]" * 100_000 + "}", "not JSON: nested"),
        ('{"text": "a", "n": ' + "9" * 5000 + "}", "not JSON: Exceeds"),
        ('{"text": "a", "text": "b"}', "not JSON: the field 'text' is there twice"),
        ('{"text": "\\ud83d"}', "not UTF-8 (half"),
        ('{"text": "a\\u0000"}', "holds NUL"),
        ('{"text": 5}', "no text in field 'text' (a int)"),
        ('"text"', "a JSON str"),
    ],
)
def test_odd_lines_of_json_are_counted(tmp_path, line, reason):
    ok = '{"text": "ok", "n": NaN, "more": {"text": "x", "big": 1e999}}'
    source = source_of(tmp_path, "a.jsonl", f"\n{{broken\n{ok}\n{line}\n")
    assert read(source) == ["ok"] and source.num_skipped == 3
    assert source.skipped[2].reason.startswith(reason)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_labels_of_mixed_types(tmp_path, name):
    labels = [1, "1", 2.0, True, None, 0.5, [1], ""]
    records = [{"text": "a", "kind": label} for label in labels]
    text = json.dumps(records)
    if name == "a.jsonl":
        text = "\n".join(map(json.dumps, records))
    source = source_of(tmp_path, name, text, label_field="kind")
    assert source.class_names == ("1", "2", "True")
    assert source.labels.tolist() == [0, 0, 1, 2]
    assert source.skipped_by_reason == {"no label in field 'kind'": 4}


def test_records_of_a_folder_without_texts(tmp_path):
    (tmp_path / "a.csv").write_text("text\nx\n")
    (tmp_path / "b.json").write_text('["y"]')
    (tmp_path / "c.pdf").write_bytes(b"%PDF-")
    source = TextSource(tmp_path)
    assert read(source) == ["x", "y"]
    assert source.skipped_by_reason == {"a .pdf file, not read": 1}


def test_parquet(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    table = {"text": ["a", None, "c", ""], "n": [1, 2, None, 4], "l": [[1]] * 4}
    parquet.write_table(arrow.table(table), path)
    source = TextSource(path)
    assert read(source) == ["a", "c"] and source.num_skipped == 2
    assert read(TextSource(path, label_field="n")) == ["a"]
    for options in ({"field": "x"}, {"label_field": "x"}):
        with pytest.raises(ValueError, match=rf"`{next(iter(options))}` must"):
            TextSource(path, **options)
    with pytest.raises(ValueError, match="no text in field 'l' .a list"):
        TextSource(path, field="l")
    path.write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(OSError, match="a.parquet cannot be read"):
        TextSource(path)


def test_parquet_names_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"kerassl\[parquet\]"):
        source_of(tmp_path, "a.parquet", b"PAR1")


def test_integers_are_labels_by_their_value(tmp_path):
    path = table(tmp_path, "a.csv", "text,n\na,10\nb, 9\nc,-1\nd,10\n")
    source = TextSource(path, label_field="n")
    assert source.class_names == ("-1", "9", "10")
    assert source.labels.tolist() == [2, 1, 0, 2]
    path = table(tmp_path, "a.csv", "text,n\na,007\nb,7\nc, x \n")
    source = TextSource(path, label_field="n")
    assert source.class_names == ("007", "7", "x")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_separator_of_ones_own(tmp_path, name):
    path = table(tmp_path, name, "\n\ntext | kind\na, b; c|x\n")
    source = TextSource(path, label_field="kind", separator="|")
    assert read(source) == ["a, b; c"] and source.class_names == ("x",)
    with pytest.raises(ValueError, match="`field` .*'text | kind'"):
        TextSource(path)


def test_a_column_that_is_not_there_has_one_like_it(tmp_path):
    path = table(tmp_path, "a.csv", "body,kind\nx,1\n")
    with pytest.raises(ValueError, match="Received: 'bdy'. Did you mean 'body'"):
        TextSource(path, field="bdy")
    with pytest.raises(ValueError, match="Received: 'knd'. Did you mean 'kind'"):
        TextSource(path, field="body", label_field="knd")
