"""Tables that list pictures: what they say, and what is wrong with them."""

import gzip
import json

import numpy as np
import presets
import pytest
from PIL import Image

from kerassl import pretrain
from kerassl.data import ImageFolder, TextSource, as_source, prepare

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


@pytest.fixture
def pictures(tmp_path):
    """A folder with a picture of each colour, and a file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (12, 10), colour).save(folder / f"{name}.png")
    (folder / "broken.png").write_bytes(b"\x89PNG, or so it says")
    return folder


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def colours(source):
    """Returns what is read of each picture, by its name."""
    names = {colour: name for name, colour in COLOURS.items()}
    images = source.fetch(np.arange(len(source))).numpy()
    return [names[tuple(map(int, image[0, 0]))] for image in images]


def images(path, **options):
    return ImageFolder(path, size=8, **options)


RECORDS = [("blue", "cold"), ("red", "warm"), ("green", "cold"), ("red", "warm")]


def as_table(kind, folder):
    rows = [{"file": f"pictures/{c}.png", "kind": label} for c, label in RECORDS]
    if kind == "csv":
        lines = ["file,kind", *(f"{r['file']},{r['kind']}" for r in rows)]
        return write(folder, "a.csv", "\r\n".join(lines))
    if kind == "csv.gz":
        return write(
            folder, "a.csv.gz", gzip.compress(as_table("csv", folder).read_bytes())
        )
    if kind == "utf-16":
        text = as_table("csv", folder).read_text()
        return write(folder, "b.csv", text.encode("utf-16"))
    if kind == "tsv":
        lines = ["kind\tfile", *(f"{r['kind']}\t{r['file']}" for r in rows)]
        return write(folder, "a.tsv", "\n".join(lines))
    if kind == "json":
        return write(folder, "a.json", json.dumps(rows))
    if kind == "jsonl":
        return write(folder, "a.jsonl", "\n\n".join(map(json.dumps, rows)))
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(arrow.Table.from_pylist(rows), folder / "a.parquet")
    return folder / "a.parquet"


@pytest.mark.parametrize(
    "kind", ["csv", "csv.gz", "utf-16", "tsv", "json", "jsonl", "parquet"]
)
@pytest.mark.parametrize("cache", [True, False])
def test_a_table_lists_pictures_in_its_order(kind, cache, pictures):
    path = as_table(kind, pictures.parent)
    source = images(path, field="file", label_field="kind", cache=cache)
    assert colours(source) == [colour for colour, _ in RECORDS]
    assert source.class_names == ("cold", "warm")
    assert source.labels.tolist() == [0, 1, 0, 1]
    assert source.num_skipped == 0 and source.test is None
    names = [path.name, *(f"pictures/{c}.png" for c in ("blue", "green", "red"))]
    assert sorted(source.fingerprints()) == sorted(names)
    unlabelled = images(path, field="file")
    assert unlabelled.labels is None and len(unlabelled) == 4


def test_the_usual_names_of_a_path_need_not_be_said(pictures):
    for name in ("path", "file_name"):
        path = write(pictures, "a.csv", f"{name}\nred.png\n")
        assert colours(images(path)) == ["red"]


def test_what_a_table_says_is_part_of_the_digest(pictures):
    path = write(pictures, "a.csv", "path,n\nred.png,1\nblue.png,2\n")
    before = images(path, label_field="n").describe()
    path.write_text("path,n\nred.png,2\nblue.png,1\n")
    after = images(path, label_field="n").describe()
    assert before["digest"] != after["digest"]


def test_records_of_pictures_that_cannot_be_used_are_counted(pictures):
    rows = [b"path,kind,more", b"red.png,1,", b"gone.png,1,", b",1,", b"red.png,,"]
    rows += [b"red.png,1", b"caf\xe9.png,1,", b"broken.png,1,", b"pictures,2,"]
    rows += [b"../pictures/blue.png,2,", b"a\0.png,1,", b'"green.png"x,1,']
    path = write(pictures, "a.csv", b"\n".join(rows))
    source = images(path, label_field="kind")
    assert colours(source) == ["red", "blue"]
    assert source.class_names == ("1", "2") and source.labels.tolist() == [0, 1]
    reasons = dict(source.skipped_by_reason)
    assert source.num_skipped == sum(reasons.values()) == 9
    assert {reason: reasons[reason] for reason in list(reasons)[:6]} == {
        "no file": 2,
        "empty": 1,
        "no label in field 'kind'": 1,
        "other columns than the header": 1,
        "not UTF-8": 1,
        "holds NUL bytes": 1,
    }
    assert "not CSV" in reasons
    assert source.skipped[0].where.endswith("a.csv:3")
    assert source.skipped[0].reason == "no file (gone.png)"
    assert source.skipped[-1].where.endswith("broken.png")


@pytest.mark.parametrize(
    "content, options, message",
    [
        ("file,kind\nred.png,1\n", {}, r"`field` must name the path .*'file', 'kind'"),
        ("file\nred.png\n", {"field": "flie"}, "Did you mean 'file'"),
        ("path,kind\nred.png,1\n", {"label_field": "knid"}, "mean 'kind'"),
        ("path\ngone.png\n", {}, r"No record of .* left out; .*a.csv:2: no file"),
        ("path\nbroken.png\n", {}, "None of the 1 images in .* can be decoded"),
        ("path\n", {}, "No record of"),
        ("", {}, "is no table: empty"),
        (b"%PDF-1.7", {}, "is no table: a PDF file"),
        ("path\nred.png\n", {"separator": ",,"}, "`separator` must be one"),
        ("path\nred.png\n", {"separator": 5}, "`separator` must be a"),
        ("path\nred.png\n", {"field": 5}, "`field` must be a name"),
    ],
)
def test_tables_of_pictures_that_cannot_be_read(content, options, message, pictures):
    path = write(pictures, "a.csv", content)
    with pytest.raises((ValueError, TypeError), match=message):
        images(path, **options)


def test_options_of_tables_are_none_of_folders(pictures):
    with pytest.raises(ValueError, match="`label_field` must be None for a folder"):
        images(pictures, label_field="kind")
    with pytest.raises(NotADirectoryError):
        images(pictures / "red.png")


def test_a_table_to_test_on_lies_beside_that_to_train_on(pictures):
    train = write(pictures, "Photos_TRAIN.csv", "path,kind\nred.png,b\nblue.png,a\n")
    write(pictures, "Photos_Test.csv", "path,kind\ngreen.png,b\n")
    source = images(train, label_field="kind")
    assert colours(source) == ["red", "blue"] and colours(source.test) == ["green"]
    assert source.test.labels.tolist() == [1]
    assert source.notes[0] == "Kept to test on: Photos_Test.csv."
    assert {"Photos_TRAIN.csv", "Photos_Test.csv", "green.png"} < set(
        source.fingerprints()
    )
    assert images(pictures / "Photos_Test.csv").test is None
    write(pictures, "Photos_Test.csv", "path\ngreen.png\n")
    source = images(train, label_field="kind")
    assert source.test is None
    assert source.notes[1].startswith("The split to test on is left aside. `label_")


# ---------------------------------------------------------- in one call


def test_a_table_of_pictures_is_found_by_its_path(pictures):
    path = write(pictures, "a.csv", "file\nred.png\n")
    source = as_source(str(path), modality="image", field="file", size=8)
    assert isinstance(source, ImageFolder) and colours(source) == ["red"]
    with pytest.raises(
        ValueError, match=r"`field` .*'flie'.*'file'\? At .*names it\.$"
    ):
        as_source(path, modality="image", field="flie")
    with pytest.raises(TypeError, match="`unit` is no option of ImageFolder"):
        as_source(path, modality="image", unit="file")
    with pytest.raises(ValueError, match="reads a folder.*goes to a text preset"):
        as_source(write(pictures, "a.txt", "red.png"), modality="image")
    # Without a word on what is in it, a table is of texts.
    assert isinstance(as_source(path, field="file"), TextSource)


def test_pretraining_on_a_table_of_pictures(pictures, tmp_path):
    rows = ["file,kind"] + [f"{name}.png,{name[0]}" for name in COLOURS] * 4
    write(pictures, "train.csv", "\n".join([*rows, "gone.png,r"]))
    write(pictures, "test.csv", "\n".join(rows))
    measured = {"methods": ["knn"], "controls": ["random"], "labels_per_class": [2]}
    preset = presets.simclr(channels=3, transfer=measured)
    run = pretrain(
        write(tmp_path, "tiny.json", json.dumps(preset)),
        pictures / "train.csv",
        out=tmp_path / "run",
        overrides={"data.field": "file", "data.label_field": "kind"},
        progress=False,
    )
    told = run.report["transfer"]["protocol"]
    assert told["train_examples"] == told["test_examples"] == 12
    assert told["classes"] == 3
    data = run.report["data"]
    assert data["examples"] == 12 and data["classes"] == 3
    assert data["image_shape"] == [8, 8, 3]  # as the encoder takes it
    assert data["skipped_by_reason"] == {"no file": 1}


def test_pretraining_and_preparing_on_a_table_of_texts(tmp_path):
    words = ["red", "green", "blue", "black"]
    rows = [
        f'{i},"a {a} cat\nand a {b} hat",{a}'
        for i, a in enumerate(words)
        for b in words
    ]
    table = write(tmp_path, "train.csv", "\n".join(["n,body,kind", *rows, "9,,red"]))
    write(tmp_path, "test.csv", "\n".join(["n,body,kind", *rows]))
    run = pretrain(
        "bert_tiny",
        table,
        out=tmp_path / "run",
        steps=2,
        batch_size=8,
        overrides={
            "data.field": "body",
            "data.label_field": "kind",
            "tokenizer.vocabulary_size": 50,
            "encoder.num_layers": 1,
            "pretext.sequence_length": 8,
        },
        evaluate=False,
        progress=False,
    )
    data = run.report["data"]
    assert data["examples"] == 16 and data["skipped_by_reason"] == {"empty": 1}
    assert data["notes"] == ["Kept to test on: test.csv."]
    source = as_source(table, modality="text", field="body")
    shards = prepare(
        source, tmp_path / "shards", vocabulary_size=270, workers=1, progress=False
    )
    assert shards.num_documents == 16 and shards.num_skipped == 1
