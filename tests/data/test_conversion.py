import io
import pathlib
import pickle

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerassl import data
from kerassl.data import as_source
from kerassl.errors import UserError


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
    with pytest.raises(ValueError, match="reads a folder.* text preset"):
        as_source(texts / "a.txt", modality="image")
    with pytest.raises(FileNotFoundError, match="1 .png file.* image preset"):
        as_source(pictures, modality="text")
    with pytest.raises(ValueError, match="goes to an image preset"):
        as_source(pictures / "a.png", modality="text")
    with pytest.raises(ValueError, match="ImageFolder reads a folder, such as"):
        as_source(pictures / "a.png")
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


def npy(values, **options):
    file = io.BytesIO()
    np.save(file, values, **options)
    return file.getvalue()


def head_of(shape):
    """Returns a .npy file whose head tells of more than there is."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    head = head.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read: No data left"),
        (b"hello world" * 9, "pickled objects, which may run code"),
        (pickle.dumps([1]), "pickled objects, which may run code"),
        (npy(np.array([{"a": 1}], object), allow_pickle=True), "pickled objects"),
        (npy(np.ones((3, 2)))[:-8], "cannot be read"),
        (npy(np.ones((3, 2)))[:20], "cannot be read"),
        (head_of((10**14,)), "cannot be read"),
        (head_of((10**30,)), "cannot be read"),
        (npy(np.array(3.0)), "one row an example"),
        (npy(np.ones((0, 2))), "at least one example"),
        (npy(np.zeros(2, [("a", "i4")])), "numbers or strings"),
    ],
)
@pytest.mark.parametrize("modality", [None, "image", "vector"])
def test_an_unusable_array_file_is_told_in_a_line(tmp_path, content, message, modality):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        as_source(tmp_path / "x.npy", modality=modality)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.npz", "x.npy"])
def test_several_arrays_in_a_file_are_refused(tmp_path, name):
    file = io.BytesIO()
    np.savez(file, images=np.ones(3), labels=np.ones(3))
    (tmp_path / name).write_bytes(file.getvalue())
    with pytest.raises(UserError, match="one array.*'images', 'labels'"):
        as_source(tmp_path / name)


def test_ragged_images_are_told():
    with pytest.raises(UserError, match="ragged: entry 0 has shape"):
        as_source([np.zeros((4, 4, 3)), np.zeros((5, 4, 3))], modality="image")


@pytest.mark.parametrize("path", ["", " ", "~nosuchuser/data"])
@pytest.mark.parametrize("modality", [None, "image", "text"])
def test_a_path_must_name_something(path, modality, monkeypatch, texts):
    monkeypatch.chdir(texts)
    with pytest.raises(UserError, match="`data` (must|begins)"):
        as_source(path, modality=modality)
    assert len(as_source(".", modality="text")) == 2


@pytest.mark.parametrize(
    "kind", ["digits", "glyphs", "pictures", "array", "keras:mnist"]
)
def test_an_unknown_option_is_told_with_the_known_ones(kind, pictures):
    examples = {"pictures": pictures, "array": np.ones(3)}.get(kind, kind)
    with pytest.raises(UserError, match="`colour` is no option of .*Its options: "):
        as_source(examples, colour="red")


@pytest.mark.parametrize("size", [0, -1, 10_000_000, "abc", True, 8.0])
@pytest.mark.parametrize("kind", ["digits", "glyphs", "pictures"])
def test_a_size_is_bounded(kind, size, pictures):
    with pytest.raises(UserError, match="`size` must be an integer"):
        as_source(pictures if kind == "pictures" else kind, size=size)


@pytest.mark.parametrize("options", [{"faces": 3}, {"fields": 3}, {"faces": ["Comic"]}])
def test_options_of_glyphs_are_named(options):
    with pytest.raises(UserError, match=f"`{next(iter(options))}` must be"):
        as_source("glyphs", **options)


@pytest.mark.parametrize("name", [3, ["mnist"], "imagenet", ""])
def test_an_unknown_set_of_keras(name):
    with pytest.raises(UserError, match="`name` must be one of"):
        data.keras_dataset(name)


def test_images_without_a_suffix_are_found(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "photo", format="PNG")
    assert isinstance(as_source(tmp_path, size=4), data.ImageFolder)
