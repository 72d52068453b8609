"""Vectors of a run's examples, and search among them."""

import json

import numpy as np
import pytest

import kerassl
from kerassl import data, zoo
from kerassl.cli import main
from kerassl.use import Vectors


@pytest.fixture(scope="module")
def texts_run(tmp_path_factory):
    """A run of word vectors: equal texts have equal vectors, others do not."""
    folder = tmp_path_factory.mktemp("texts")
    lines = [f"{a} {b} {c}" for a in "xyz" for b in "uvw" for c in "rst"]
    file = folder / "lines.txt"
    file.write_text("\n".join(lines * 4))
    spec = zoo.config("word2vec_skipgram")
    spec["tokenizer"].update(vocabulary_size=64, min_count=1)
    spec["encoder"].update(vocabulary_size=64, dim=8)
    spec["recipe"].update(steps=2, batch_size=2)
    spec["pretext"].update(sequence_length=16, window=2)
    preset = folder / "words.json"
    preset.write_text(json.dumps(spec))
    options = {"evaluate": False, "progress": False}
    return kerassl.pretrain(preset, file, out=folder / "run", **options)


def test_vectors_are_those_of_the_encoder(images_run):
    vectors = kerassl.embed(images_run, images_run.path.parent / "photos")
    source = data.ImageFolder(images_run.path.parent / "photos", size=8, channels=1)
    task = images_run.task
    x = task.pretext.prepare(source.fetch(range(len(source)))).numpy()
    np.testing.assert_allclose(vectors.values, task.features(x), rtol=1e-5, atol=1e-6)
    assert vectors.names[0] == "even/00.png"
    assert vectors.class_names == ("even", "odd")
    np.testing.assert_array_equal(vectors.labels, source.labels)


def test_the_runs_own_data_are_embedded_where_none_are_given(images_run):
    own, given = (
        kerassl.embed(str(images_run.path), each, progress=False)
        for each in (None, images_run.path.parent / "photos")
    )
    np.testing.assert_array_equal(own.values, given.values)


def test_encode_takes_what_a_dataset_takes(texts_run):
    task = texts_run.task
    found = task.encode(["x u r", "y u r", "x u r"])
    assert found.shape == (3, 8) and found.dtype == np.float32
    np.testing.assert_array_equal(found[0], found[2])
    assert np.abs(found[0] - found[1]).max() > 0
    with pytest.raises(ValueError, match="`inputs` must be texts"):
        task.encode(np.zeros((2, 8, 8, 1), "uint8"))


def test_a_file_keeps_vectors_names_and_labels(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    vectors = Vectors(values, ("a", "ä", "三"), np.array([0, 1, 0]), ("no", "yes"))
    vectors.save(tmp_path / "v.npz")
    found = Vectors.load(tmp_path / "v.npz")
    np.testing.assert_array_equal(found.values, values)
    assert found.names == vectors.names and found.class_names == ("no", "yes")
    np.testing.assert_array_equal(found.labels, vectors.labels)


def test_parquet_holds_the_same(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    values = np.arange(6, dtype="float32").reshape(2, 3)
    Vectors(values, ("a", "b"), np.array([1, 0]), ("no", "yes")).save(
        tmp_path / "v.parquet"
    )
    table = parquet.read_table(tmp_path / "v.parquet").to_pydict()
    assert table["name"] == ["a", "b"] and table["label"] == ["yes", "no"]
    np.testing.assert_array_equal(table["vector"], values)


def test_nearest_is_by_the_cosine():
    rng = np.random.default_rng(1)
    values, queries = rng.normal(size=(50, 6)), rng.normal(size=(3, 6))
    vectors = Vectors(values.astype("float32"), tuple(map(str, range(50))))
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, values)]
    cosines = unit[0] @ unit[1].T
    positions, similarities = vectors.nearest(queries, 4)
    np.testing.assert_array_equal(positions, np.argsort(-cosines)[:, :4])
    np.testing.assert_allclose(similarities, -np.sort(-cosines)[:, :4], atol=1e-5)
    assert vectors.nearest(queries, 99)[0].shape == (3, 50)


def test_the_graph_of_neighbours_finds_the_same_among_few():
    pytest.importorskip("usearch")
    values = np.random.default_rng(2).normal(size=(200, 8)).astype("float32")
    vectors = Vectors(values, tuple(map(str, range(200))))
    exact, graph = (
        vectors.nearest(values[:5], 3, approximate=a) for a in (False, True)
    )
    np.testing.assert_array_equal(exact[0], graph[0])
    np.testing.assert_allclose(exact[1], graph[1], atol=1e-3)


def test_a_text_finds_itself_first(texts_run):
    found = kerassl.search(texts_run, "x u r", count=4, progress=False)
    assert found.rows[0]["text"] == "x u r"
    assert found.rows[0]["similarity"] == pytest.approx(1.0, abs=1e-5)
    assert "| 1 | 1.000 | x u r |" in found.to_markdown()
    titles = [axis.get_title() for axis in found.figure().axes]
    assert titles[:2] == ["query", "1: 1.00"]


def test_an_image_finds_itself_first_and_is_drawn(images_run):
    photo = images_run.path.parent / "photos" / "odd" / "03.png"
    vectors = kerassl.embed(images_run, progress=False)
    found = kerassl.search(images_run, photo, count=3, vectors=vectors)
    assert found.rows[0]["name"] == "odd/03.png"
    assert found.rows[0]["similarity"] == pytest.approx(1.0, abs=1e-5)
    assert [axis.get_title() for axis in found.figure().axes][0] == "query"


def test_the_commands_write_and_print(images_run, tmp_path, capsys):
    run, out = str(images_run.path), str(tmp_path / "v.npz")
    assert main(["embed", run, "--out", out, "--quiet"]) == 0
    assert "24 vectors of 8 dimensions" in capsys.readouterr().out
    photo = str(images_run.path.parent / "photos" / "even" / "04.png")
    sheet = tmp_path / "sheet.png"
    words = ["search", run, photo, "--vectors", out, "--out", str(sheet), "--quiet"]
    assert main([*words, "--count", "2"]) == 0
    assert "| 1 | 1.000 | even/04.png |" in capsys.readouterr().out
    assert sheet.stat().st_size > 1000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["embed", "nowhere"], "There is no run in nowhere or runs"),
        (["embed", "RUN", "--out", "v.txt"], "`out` must end in .npz or .parquet"),
        (["embed", "RUN", "--out", "no/v.npz"], "is not a folder"),
        (["embed", "RUN", "--data", "nowhere"], "nowhere"),
        (["search", "RUN", " "], "`query` must not be empty"),
        (["search", "RUN", "no.png"], "there is no file 'no.png'"),
        (["search", "RUN", "no.png", "--count", "0"], "`count` must be"),
        (["search", "RUN", "no.png", "--out", "a.txt"], "--out: expected a picture"),
        (["search", "RUN", "no.png", "--vectors", "no.npz"], "no.npz"),
    ],
)
def test_wrong_words_are_told_in_a_line(words, message, images_run, capsys):
    words = [str(images_run.path) if word == "RUN" else word for word in words]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said and said.count("\n") == 1


def test_damaged_vectors_are_told_in_a_line(images_run, tmp_path):
    (tmp_path / "v.npz").write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(ValueError, match="must be a .npz file that `save` wrote"):
        Vectors.load(tmp_path / "v.npz")
    other = Vectors(np.ones((2, 8), "float32"), ("a", "b"))
    photo = images_run.path.parent / "photos" / "odd" / "03.png"
    with pytest.raises(ValueError, match="must be those of the data's 24 examples"):
        kerassl.search(images_run, photo, vectors=other)
    with pytest.raises(ValueError, match="`queries` must have shape"):
        other.nearest(np.ones((1, 3)))
    with pytest.raises(ValueError, match="a row for each of `names`"):
        Vectors(np.ones((2, 8)), ("a",))
