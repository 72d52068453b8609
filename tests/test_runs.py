"""A run's folder says what is wrong with it."""

import keras
import pytest

from kerassl.files import write_json
from kerassl.runs import Run, difference, make_folder


@pytest.fixture
def folder(tmp_path):
    """The folder of a run with an encoder of one layer."""
    write_json(tmp_path / "run.json", {"name": "tiny"})
    encoder = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    encoder.save(tmp_path / "encoder.keras")
    return tmp_path


def test_a_whole_encoder_is_read(folder):
    assert Run(folder).encoder.output_shape == (None, 2)


@pytest.mark.parametrize("damage", [b"", b"junk", slice(0, 500), slice(0, -30)])
def test_a_damaged_encoder_is_named(folder, damage):
    path = folder / "encoder.keras"
    path.write_bytes(damage if isinstance(damage, bytes) else path.read_bytes()[damage])
    with pytest.raises(ValueError, match="encoder.keras is damaged. Remove it"):
        _ = Run(folder).encoder


def test_a_flipped_bit_is_noticed(folder):
    path = folder / "encoder.keras"
    content = bytearray(path.read_bytes())
    content[content.index(b"Sequential")] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="encoder.keras is damaged"):
        _ = Run(folder).encoder


def test_an_encoder_of_unknown_classes_is_not_called_damaged(folder):
    class Unknown(keras.layers.Layer):
        pass

    layers = [keras.layers.Input((3,)), Unknown()]
    keras.Sequential(layers).save(folder / "encoder.keras")
    with pytest.raises(Exception, match="Unknown") as caught:
        _ = Run(folder).encoder
    assert "damaged" not in str(caught.value)


@pytest.mark.parametrize("name", ["run.json", "report.json"])
def test_a_damaged_description_is_named(folder, name):
    (folder / name).write_text("{")
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        Run(folder)


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    for out in ("file", "file/run", "file/run/deeper"):
        with pytest.raises(NotADirectoryError, match="file is a file"):
            make_folder(tmp_path / out)


def test_a_difference_of_the_data_is_told_by_their_name():
    before = {"data_used": {"bytes": 1}, "examples": None, "seed": 0}
    now = {"data_used": {"bytes": 2}, "examples": "photos", "seed": 0}
    assert difference(before, now) == "examples was None, now 'photos'"
    now["examples"] = None
    assert difference(before, now) == "data_used.bytes was 1, now 2"
