"""Splits, classes and strays, in folders of images."""

import json

import numpy as np
import pytest
from PIL import Image

from kerassl.data import ImageFolder, TextSource
from kerassl.errors import UserError


def fill(folder, *names):
    """Writes a small image under each name."""
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4), (20 * i, 0, 0)).save(path)


def read(folder):
    return ImageFolder(folder, size=4)


def names_of(source):
    return [str(file.relative_to(source.path)) for file in source.files]


CLASSES = ("cat/a.png", "cat/b.png", "dog/c.png")


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "val", "test"),
        ("Train", "Valid", "TEST"),
        ("training", "validation", "testing"),
        ("TRAIN", "dev", "Testing"),
    ],
)
def test_splits_above_classes(tmp_path, train, val, test):
    for split in (train, val, test):
        fill(tmp_path / split, *CLASSES)
    source = read(tmp_path)
    assert names_of(source) == [f"{train}/{name}" for name in CLASSES]
    assert source.class_names == source.test.class_names == ("cat", "dog")
    assert source.labels.tolist() == source.test.labels.tolist() == [0, 0, 1]
    assert all(test in str(file) for file in source.test.files)
    (note,) = source.notes
    assert f"3 files of {val!r} left aside" in note and f"{test!r} kept" in note
    assert source.num_skipped == 0


@pytest.mark.parametrize("other", ["test", "val"])
def test_two_splits(tmp_path, other):
    fill(tmp_path / "train", *CLASSES)
    fill(tmp_path / other, "dog/x.png", "cat/y.png", "cat/z.png")
    source = read(tmp_path)
    assert len(source) == len(source.test) == 3
    assert source.test.labels.tolist() == [0, 0, 1]


def test_splits_without_classes(tmp_path):
    fill(tmp_path, "train/a.png", "train/b.png", "test/c.png")
    source = read(tmp_path)
    assert len(source) == 2 and source.labels is None
    assert len(source.test) == 1 and source.test.labels is None


def test_a_test_split_without_classes_cannot_be_tested_on(tmp_path):
    fill(tmp_path / "train", *CLASSES)
    fill(tmp_path, "test/c.png")
    source = read(tmp_path)
    assert source.labels.tolist() == [0, 0, 1] and source.test is None
    assert "no labels" in source.notes[-1]


def test_one_folder_called_like_a_split(tmp_path):
    fill(tmp_path / "train", *CLASSES)
    source = read(tmp_path)
    assert source.labels.tolist() == [0, 0, 1] and source.test is None
    assert source.notes == ["The classes are the folders in 'train'."]


def test_unlabelled_images_beside_the_splits(tmp_path):
    for split in ("train", "test"):
        fill(tmp_path / split, *CLASSES)
    fill(tmp_path, "unlabeled/x.png")
    source = read(tmp_path)
    assert len(source) == 3 and "1 files of 'unlabeled' left aside" in source.notes[0]


@pytest.mark.parametrize(
    "names",
    [("val", "test"), ("train", "training", "test"), ("train", "test", "Testing")],
)
def test_splits_that_say_not_what_to_train_on(tmp_path, names):
    for name in names:
        fill(tmp_path / name, *CLASSES)
    with pytest.raises(UserError, match="called like splits: .* must be called train"):
        read(tmp_path)


def test_classes_to_test_on_must_be_known(tmp_path):
    fill(tmp_path / "train", *CLASSES)
    fill(tmp_path / "test", "cat/x.png", "hen/y.png")
    with pytest.raises(UserError, match="train on, cat, dog. Received: hen"):
        read(tmp_path)


def test_a_class_without_an_example_to_test_on(tmp_path):
    fill(tmp_path / "train", *CLASSES, "hen/e.png")
    fill(tmp_path / "test", "dog/x.png", "hen/y.png")
    source = read(tmp_path)
    assert source.test.labels.tolist() == [1, 2]
    assert source.test.class_names == ("cat", "dog", "hen")
    assert source.notes[-1] == "The split to test on has no example of cat."


def test_a_class_called_like_a_split(tmp_path):
    fill(tmp_path, *CLASSES, "test/e.png")
    source = read(tmp_path)
    assert source.class_names == ("cat", "dog", "test")
    assert source.notes == ["The folder 'test' is taken for a class, like 'cat'."]


def test_splits_below_classes_are_noted(tmp_path):
    fill(tmp_path, "cat/train/a.png", "cat/test/b.png", "dog/train/c.png")
    source = read(tmp_path)
    assert source.labels.tolist() == [0, 0, 1]
    assert "test, train below the classes are not told apart" in source.notes[0]


@pytest.mark.parametrize("split", ["", "train/"])
def test_a_stray_file_costs_no_labels(tmp_path, split):
    fill(tmp_path / split, *CLASSES, "stray.png")
    source = read(tmp_path)
    assert source.labels.tolist() == [0, 0, 1]
    assert [s.where.rsplit("/", 1)[1] for s in source.skipped] == ["stray.png"]
    assert source.skipped_by_reason == {"beside the class folders": 1}


def test_a_stray_file_beside_splits(tmp_path):
    for split in ("train", "test"):
        fill(tmp_path / split, *CLASSES)
    fill(tmp_path, "overview.png")
    source = read(tmp_path)
    assert source.labels.tolist() == [0, 0, 1] and len(source.test) == 3
    assert source.skipped_by_reason == {"beside the folders of the splits": 1}


def test_many_files_beside_the_folders_mean_no_classes(tmp_path):
    fill(tmp_path, *CLASSES, "x.png", "y.png", "z.png")
    source = read(tmp_path)
    assert len(source) == 6 and source.labels is None and source.num_skipped == 0
    assert source.notes[0].startswith("No labels: 3 of 6 files lie beside")
    assert "such as x.png" in source.notes[0]


def test_a_class_of_which_nothing_is_left(tmp_path):
    fill(tmp_path, *CLASSES)
    (tmp_path / "dog" / "c.png").write_bytes(b"broken")
    source = read(tmp_path)
    assert source.labels is None
    assert "only 'cat' holds examples" in source.notes[0]


def test_no_note_where_there_is_nothing_to_say(tmp_path):
    fill(tmp_path, *CLASSES)
    assert read(tmp_path).notes == []
    np.testing.assert_array_equal(read(tmp_path).labels, [0, 0, 1])


def write_texts(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first line of {name}\nsecond line\n")


TEXTS = ("good/a.txt", "good/b.txt", "bad/c.txt")


def test_splits_and_classes_of_texts(tmp_path):
    for split in ("train", "Val", "test"):
        write_texts(tmp_path / split, *TEXTS)
    (tmp_path / "test" / "good" / "a.txt").write_text("a line\n\n")
    source = TextSource(tmp_path)
    assert len(source) == 6 and len(source.test) == 5
    assert source.class_names == source.test.class_names == ("bad", "good")
    assert source.labels.tolist() == [0, 0, 1, 1, 1, 1]
    assert source.num_skipped == 0 and source.test.num_skipped == 1
    assert "2 files" not in source.notes[0] and "3 files of 'Val'" in source.notes[0]
    before = dict(source.fingerprints())
    (tmp_path / "test" / "bad" / "c.txt").write_text("another line\n")
    changed = set(TextSource(tmp_path).fingerprints().items()) - set(before.items())
    assert [name for name, _ in changed] == ["test/bad/c.txt"]


def test_a_stray_text_costs_no_labels(tmp_path):
    write_texts(tmp_path, *TEXTS, "readme.md")
    source = TextSource(tmp_path)
    assert source.labels.tolist() == [0, 0, 1, 1, 1, 1]
    assert source.skipped_by_reason == {"beside the class folders": 1}


def test_texts_of_a_list_of_files_have_no_classes(tmp_path):
    write_texts(tmp_path, *TEXTS)
    assert TextSource([tmp_path / name for name in TEXTS]).labels is None
    assert TextSource(str(tmp_path / "*" / "*.txt")).labels is None


def test_an_empty_file_of_a_class_counts_nothing(tmp_path):
    write_texts(tmp_path, *TEXTS)
    (tmp_path / "good" / "b.txt").write_text("")
    assert TextSource(tmp_path).labels.tolist() == [0, 0, 1, 1]


def test_labels_of_records_in_splits(tmp_path):
    for split, labels in (("train", "xyx"), ("test", "yx")):
        (tmp_path / split).mkdir()
        lines = [json.dumps({"text": f"line {c}", "label": c}) for c in labels]
        (tmp_path / split / "a.jsonl").write_text("\n".join(lines))
    source = TextSource(tmp_path, label_field="label")
    assert source.labels.tolist() == [0, 1, 0]
    assert source.test.labels.tolist() == [1, 0]
