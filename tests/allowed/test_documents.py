"""JSON of others: bounded, and told in one line."""

import pytest

from kerassl import allowed


def test_values_are_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, 2.5, null, "é"]}', "utf-8")
    assert allowed.read_json(tmp_path / "a.json", "it") == {"a": [1, 2.5, None, "é"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nul",
        b"\xff\xfe",
        b"\0",
        "[" * 1_000_000,
        "[" * 500 + "]" * 500,
        '{"a":' * 150 + "1" + "}" * 150,
        "1" * 5000,
    ],
    ids=lambda text: str(text[:8]),
)
def test_what_is_no_json_is_told_in_a_line(text):
    with pytest.raises(ValueError, match="^the file is n") as caught:
        allowed.parse(text, "the file")
    assert len(str(caught.value).splitlines()) == 1


def test_a_long_file_is_not_read_to_its_end(tmp_path):
    (tmp_path / "a.json").write_text("[1]" + " " * 100)
    with pytest.raises(ValueError, match="longer than 50 bytes"):
        allowed.read_json(tmp_path / "a.json", "it", 50)


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "/a", "a/b", "a\\b", "C:a", 3])
def test_a_file_elsewhere_is_no_name(tmp_path, name):
    with pytest.raises(ValueError, match="must name files of its own folder"):
        allowed.inside(tmp_path, name, "manifest.json")
    assert allowed.inside(tmp_path, "a..b.npy", "m") == tmp_path / "a..b.npy"
