import warnings

import numpy as np
import pytest

from kerassl.pictures import BOX, Mark, fonts, fonts_for, token_figure
from kerassl.transfer import embedding_map

MARKS = {"masked": Mark("hidden", "#c0392b")}


def test_another_font_has_what_the_first_has_not(tmp_path):
    # A sign of mathematics that DejaVu lacks and a font beside it has.
    families, drawn = fonts_for(["a \u2313 b"])
    assert families[0] == "sans-serif" and len(families) == 2
    assert drawn("a \u2313 b") == "a \u2313 b"
    figure = token_figure([[("\u2313", "masked", "$\u2313")]], MARKS)
    figure.savefig(tmp_path / "signs.png")  # a missing glyph would be a warning
    assert figure.texts[-1].get_fontfamily()[0] == "monospace"


def test_what_no_font_has_is_a_box_and_told_once(tmp_path):
    fonts._tell_missing.cache_clear()
    rows = [[("\U00012000\U00012001", "plain", ""), ("a", "masked", "\U00012000")]]
    with pytest.warns(
        UserWarning, match="No installed font has.*'\U00012000\U00012001'"
    ):
        figure = token_figure(rows, MARKS)
    figure.savefig(tmp_path / "boxes.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = token_figure(rows, MARKS)
    assert BOX * 2 in [text.get_text() for text in figure.texts]


def test_a_map_draws_class_names_of_any_script(tmp_path):
    names = ("\u2313", "plain")
    labels = np.arange(8) % 2
    figure = embedding_map(None, np.eye(8), labels, names, method="pca")
    figure.savefig(tmp_path / "map.png")
    assert [text.get_text() for text in figure.legends[0].texts] == list(names)
