import pathlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerassl import data
from kerassl.data import as_source


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "texts").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "texts" / name).write_text(f"line of {name}\n")
    return tmp_path / "texts"


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "pictures" / "a.png")
    return tmp_path / "pictures"


def test_arrays_lists_and_dicts():
    assert isinstance(as_source(np.zeros((2, 3)), modality="vector"), data.ArraySource)
    assert len(as_source(["one", "two"], modality="text")) == 2
    assert as_source({"a": np.zeros(2), "b": ["x", "y"]}).fetch([0])["b"] == b"x"
    assert as_source([[1, 2]], labels=[0]).labels.tolist() == [0]


def test_grey_images_get_a_channel():
    source = as_source(np.zeros((2, 4, 4)), modality="image")
    assert source.fetch([0]).shape == (1, 4, 4, 1)


def test_a_source_is_itself():
    source = data.digits()
    assert as_source(source, modality="image") is source
    with pytest.raises(TypeError, match="takes no options"):
        as_source(source, size=3)


def test_names_and_their_options():
    assert as_source("digits", modality="image", size=16).fetch([0]).shape[1] == 16


def test_paths(texts, pictures, tmp_path):
    assert isinstance(as_source(str(pictures), size=4), data.ImageFolder)
    assert len(as_source(texts)) == 2
    assert len(as_source(texts / "a.txt", modality="text")) == 1
    assert len(as_source(f"{texts}/*.txt")) == 2
    assert len(as_source([texts / "a.txt", texts / "b.txt"])) == 2
    np.save(tmp_path / "x.npy", np.zeros((3, 2), "float32"))
    assert len(as_source(tmp_path / "x.npy", modality="vector")) == 3


def test_a_path_beside_an_embedded_name(tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("mine\n")
    monkeypatch.chdir(tmp_path)
    assert len(as_source("./docs")) == 1


def test_stream():
    dataset = tf.data.Dataset.from_tensor_slices(np.zeros((3, 4, 4, 1), "uint8"))
    assert as_source(dataset, modality="image").sequential
    with pytest.raises(ValueError, match=r"dataset.unbatch\(\)"):
        as_source(dataset.batch(2), modality="image")


def test_text_for_images_and_images_for_text(texts, pictures):
    with pytest.raises(FileNotFoundError, match="found 2 .txt files.* text preset"):
        as_source(texts, modality="image")
    with pytest.raises(ValueError, match="read from a folder.* text preset"):
        as_source(texts / "a.txt", modality="image")
    with pytest.raises(FileNotFoundError, match="1 .png file.* image preset"):
        as_source(pictures, modality="text")
    with pytest.raises(ValueError, match="Images are read from a folder"):
        as_source(pictures / "a.png", modality="text")
    with pytest.raises(ValueError, match="Expected image data.* with strings"):
        as_source(["a document"], modality="image")
    with pytest.raises(ValueError, match="Expected text data.* with numbers"):
        as_source("digits", modality="text")
    with pytest.raises(ValueError, match="Expected vector data"):
        as_source(np.zeros((2, 3, 3)), modality="vector")


def test_unknown_names_suggest_near_ones():
    with pytest.raises(FileNotFoundError, match="Did you mean 'digits'"):
        as_source("digit")
    with pytest.raises(FileNotFoundError, match="No file or folder matches"):
        as_source(pathlib.Path("no/such/folder"), modality="image")


@pytest.mark.parametrize("examples", [(np.zeros(2), np.zeros(2)), 3, None])
def test_other_kinds_are_refused(examples):
    with pytest.raises(TypeError, match="Received"):
        as_source(examples)


def test_modality_is_checked():
    with pytest.raises(ValueError, match="`modality`"):
        as_source(["x"], modality="smell")
