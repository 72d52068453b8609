import warnings

import numpy as np
import pytest

from kerassl.pictures import Mark, token_figure

MARKS = {
    "masked": Mark("hidden", "#c0392b"),
    "random": Mark("replaced", "#d9a514", "black"),
    "kept": Mark("kept", "#27ae60"),
}


def test_tokens_stand_above_their_targets(tmp_path):
    row = [("the", "plain", ""), ("[MASK]", "masked", "cat"), ("$5", "random", "sat")]
    figure = token_figure([row], MARKS)
    shown = {text.get_text(): text for text in figure.texts}
    legend = [kind for kind, mark in MARKS.items() if mark.label in shown]
    assert legend == ["masked", "random"]
    assert shown["[MASK]"].get_color() == "white"
    assert shown[r"\$5"].get_color() == "black"
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
        token_figure(rows, MARKS)


def test_chinese_takes_two_columns():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there may be no font for it here
        figure = token_figure([[("中文", "plain", ""), ("b", "plain", "")]], width=98)
    *_, first, second = figure.texts
    # Without a font the names of the characters stand there, a column a letter.
    columns = 4 if first.get_text() == "中文" else len(first.get_text())
    places = [text.get_position()[0] * 100 for text in (first, second)]
    np.testing.assert_allclose(places, [1, 1 + columns + 1])
