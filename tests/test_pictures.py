import warnings

import numpy as np
import pytest

from kerassl import pictures
from kerassl.pictures import (
    TOKEN_STYLES,
    fonts_for,
    image_grid,
    image_rows,
    token_figure,
)
from kerassl.transfer import embedding_map


def test_grid_shows_every_image(tmp_path):
    gray = np.zeros((3, 8, 8, 1), "uint8")
    color = np.full((3, 6, 5, 3), 2.0)
    figure = image_grid([gray, color], titles=["a", "b"])
    assert len(figure.axes) == 6
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


def test_tokens_stand_above_their_targets(tmp_path):
    row = [("the", "plain", ""), ("[MASK]", "masked", "cat"), ("$5", "random", "sat")]
    figure = token_figure([row])
    shown = {text.get_text(): text for text in figure.texts}
    legend = {kind for kind, (label, _, _) in TOKEN_STYLES.items() if label in shown}
    assert legend == {"masked", "random"}
    token, target = shown["[MASK]"].get_position(), shown["cat"].get_position()
    assert token[0] == target[0] and token[1] > target[1]
    figure.savefig(tmp_path / "tokens.png")  # the dollar starts no formula


def test_long_texts_are_broken_and_cut():
    row = [(f"token{number}", "plain", "") for number in range(100)]
    figure = token_figure([row], width=40, max_lines=3)
    heights = {round(text.get_position()[1], 6) for text in figure.texts}
    assert len(heights) == 3  # lines; texts without marks need no legend
    assert all(0 < height < 1 for height in heights)


@pytest.mark.parametrize("rows", [[], [[("a", "hidden", "b")]]])
def test_tokens_of_an_unknown_kind(rows):
    with pytest.raises(ValueError, match="`rows`"):
        token_figure(rows)


def test_another_font_has_what_the_first_has_not(tmp_path):
    # A sign of mathematics that DejaVu lacks and a font beside it has.
    families, drawn = fonts_for(["a \u2313 b"])
    assert families[0] == "sans-serif" and len(families) == 2
    assert drawn("a \u2313 b") == "a \u2313 b"
    figure = token_figure([[("\u2313", "masked", "$\u2313")]])
    figure.savefig(tmp_path / "signs.png")  # a missing glyph would be a warning
    assert figure.texts[-1].get_fontfamily()[0] == "monospace"


def test_what_no_font_has_is_a_box_and_told_once(tmp_path):
    pictures._tell_missing.cache_clear()
    rows = [[("\U00012000\U00012001", "plain", ""), ("a", "masked", "\U00012000")]]
    with pytest.warns(
        UserWarning, match="No installed font has.*'\U00012000\U00012001'"
    ):
        figure = token_figure(rows)
    figure.savefig(tmp_path / "boxes.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = token_figure(rows)
    assert pictures.BOX * 2 in [text.get_text() for text in figure.texts]


def test_a_map_draws_class_names_of_any_script(tmp_path):
    names = ("\u2313", "plain")
    labels = np.arange(8) % 2
    figure = embedding_map(None, np.eye(8), labels, names, method="pca")
    figure.savefig(tmp_path / "map.png")
    assert [text.get_text() for text in figure.legends[0].texts] == list(names)


def test_chinese_takes_two_columns():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there may be no font for it here
        figure = token_figure([[("中文", "plain", ""), ("b", "plain", "")]], width=98)
    places = [text.get_position()[0] * 100 for text in figure.texts]
    np.testing.assert_allclose(places, [1, 6])
