import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from kerassl.pictures import image_thumbnails, save, sound_thumbnails, title_of
from kerassl.pictures.saving import EDGE


@pytest.mark.parametrize("title", ["A title", "学習 5 $", "a word " * 30])
def test_a_picture_says_what_it_shows(title, tmp_path):
    figure = Figure(figsize=(3, 2))
    save(figure, tmp_path / "a.png", title)
    assert title_of(tmp_path / "a.png") == title.strip()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    extent = figure._suptitle.get_window_extent()
    assert extent.y0 >= figure.bbox.height + EDGE * figure.dpi / 2


def test_its_own_title_stays(tmp_path):
    figure = Figure()
    figure.subplots().set_title("of the axes")
    save(figure, tmp_path / "a.png")
    assert title_of(tmp_path / "a.png") == "of the axes"
    figure.suptitle("its own")
    save(figure, tmp_path / "a.png", "another")
    assert title_of(tmp_path / "a.png") == "its own"


def test_a_picture_of_others_has_no_title(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    assert title_of(tmp_path / "a.png") == ""


def test_thumbnails_show_all_of_an_image():
    wide = np.zeros((1, 2, 4, 1))
    (small,) = image_thumbnails(wide, 16)
    assert (small[:4] == 255).all() and (small[4:12] == 0).all()
    assert image_thumbnails(np.ones((2, 64, 64, 3), "uint8"), 16).shape == (
        2,
        16,
        16,
        3,
    )


def test_thumbnails_of_sounds_are_as_high_as_they_are_loud():
    waves = np.zeros((2, 100))
    waves[0, :50] = 1.0  # loud, then silent
    loud, silent = sound_thumbnails({"waveform": waves, "length": [100, 0]}, 10)
    drawn = (loud != 255).any(axis=-1)
    assert drawn[:, :5].all() and not drawn[:, 5:].any()
    assert (silent == 255).all()
