import numpy as np
import pytest
from drawn import images_in

from kerassl.pictures import image_grid, image_rows


def test_grid_shows_every_image(tmp_path):
    gray = np.zeros((3, 8, 8, 1), "uint8")
    color = np.full((3, 6, 5, 3), 2.0)
    figure = image_grid([gray, color], titles=["a", "b"])
    assert images_in(figure) == 6
    assert [axes.get_title() for axes in figure.axes[:2]] == ["a", "b"]
    shown = figure.axes[1].images[0].get_array()
    assert shown.shape == (6, 5, 3) and shown.max() == 1
    figure.savefig(tmp_path / "grid.png")
    assert (tmp_path / "grid.png").stat().st_size > 0


@pytest.mark.parametrize(
    "columns, titles, message",
    [
        ([], None, "one or more"),
        ([np.zeros((2, 4, 4, 1)), np.zeros((3, 4, 4, 1))], None, r"\[2, 3\]"),
        ([np.zeros((2, 4, 4, 1))], ["a", "b"], "titles"),
        ([np.zeros((2, 4, 4))], None, r"\(2, 4, 4\)"),
    ],
)
def test_errors(columns, titles, message):
    with pytest.raises(ValueError, match=message):
        image_grid(columns, titles)


def test_rows_hold_the_examples_side_by_side():
    images = np.zeros((3, 8, 6, 3), "uint8")
    figure = image_rows([images, images + 255], titles=["above", "below"])
    strips = [axes.images[0].get_array() for axes in figure.axes]
    assert [strip.shape for strip in strips] == [(8, 21, 3)] * 2
    assert strips[0][:, :6].max() == 0 and strips[0][:, 6].min() == 1
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["above", "below"]
    vectors = image_rows([np.zeros((2, 5))], titles=["vectors"])
    assert vectors.axes[0].images[0].get_array().shape == (1, 12)


@pytest.mark.parametrize(
    "rows, titles, message",
    [
        ([], [], "one or more"),
        ([np.zeros((2, 4)), np.zeros((3, 4))], ["a", "b"], r"\[2, 3\]"),
        ([np.zeros((2, 4))], [], "0 titles for 1 rows"),
    ],
)
def test_rows_are_checked(rows, titles, message):
    with pytest.raises(ValueError, match=message):
        image_rows(rows, titles)
