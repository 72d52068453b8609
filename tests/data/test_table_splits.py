"""Tables called like splits: which are trained on, and which are tested on."""

import pytest

from kerassl.data import TextSource


def write(folder, name, content):
    (folder / name).write_text(content)
    return folder / name


def read(source):
    return [text.decode() for text in source.fetch(range(len(source))).numpy()]


@pytest.mark.parametrize(
    "train, test, other",
    [
        (["train.csv"], ["test.csv"], ["val.csv"]),
        (["reviews-train.csv"], ["reviews-dev.csv"], []),
        (
            ["train-00000-of-00002.csv", "train-00001-of-00002.csv"],
            ["test-00000-of-00001.csv"],
            ["unlabeled.csv"],
        ),
    ],
    ids=["test", "dev", "shards"],
)
def test_tables_of_a_folder_are_splits_by_their_names(tmp_path, train, test, other):
    for name in (*train, *test, *other):
        write(tmp_path, name, f"text,kind\n{name},a\n{name} too,b\n")
    source = TextSource(tmp_path, label_field="kind")
    assert read(source)[::2] == train and read(source.test)[::2] == test
    assert source.notes == [
        *(f"'{name}' is left aside, as another split." for name in other),
        f"Kept to test on: {test[0]}.",
    ]
    assert source.test.class_names == ("a", "b")


@pytest.mark.parametrize("names", [["train.csv", "more.csv"], ["test.csv", "val.csv"]])
def test_tables_of_other_names_are_read_together(tmp_path, names):
    for name in names:
        write(tmp_path, name, f"text\n{name}\n")
    source = TextSource(tmp_path)
    assert read(source) == sorted(names) and source.test is None
    assert len(TextSource(tmp_path / names[0])) == 1


def test_a_table_alone_finds_the_one_to_test_on(tmp_path):
    path = write(tmp_path, "train.csv", "text,kind\na,x\nb,y\n")
    write(tmp_path, "dev.csv", "text,kind\nc,y\n")
    source = TextSource(path, label_field="kind")
    assert read(source) == ["a", "b"] and read(source.test) == ["c"]
    assert source.test.labels.tolist() == [1]
    assert set(source.fingerprints()) == {"train.csv", "dev.csv"}
    write(tmp_path, "test.csv", "body\nc\n")  # goes before that of another name
    source = TextSource([path], label_field="kind")
    assert source.test is None and read(source) == ["a", "b"]
    aside = "The split to test on is left aside. `field` must name the text"
    assert source.notes[-1].startswith(aside)
    write(tmp_path, "test.csv", "text,kind\nc,z\n")
    with pytest.raises(ValueError, match="classes to test on .* Received: z"):
        TextSource(path, label_field="kind")
