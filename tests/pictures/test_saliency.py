"""Saliency drawn beside images and behind tokens."""

import warnings

import numpy as np
import pytest

from kerassl.pictures import image_saliency, text_sheet, token_saliency


def test_red_raises_and_blue_lowers(tmp_path):
    images = np.random.default_rng(0).normal(size=(1, 8, 8, 3))  # out of [0, 1]
    found = np.zeros((1, 8, 8, 3))
    found[0, 2, 3], found[0, 5, 5] = 1 / 3, -1 / 3
    notes = [["sum 0.00"]]
    figure = image_saliency(images, [found], ["input", "trained"], notes)
    drawn = figure.axes[1].images[0]
    np.testing.assert_allclose(drawn.get_array(), found[0].sum(-1))
    low, high = drawn.get_clim()
    assert low == -high < 0
    red, blue = (drawn.cmap(drawn.norm(v)) for v in (high, low))
    assert red[0] > red[2] and blue[2] > blue[0]
    assert figure.axes[1].get_xlabel() == "sum 0.00"
    figure.savefig(tmp_path / "map.png")


def test_tokens_are_shaded_by_their_share_of_the_largest():
    maps = [
        [("good", 2.0), ("bad", -1.0), ("day", 0.1)],
        [("good", 0.0), ("bad", 0.0), ("day", 0.0)],
    ]
    figure = token_saliency([maps], ["trained", "random"])
    boxes = {}
    for text in figure.texts:
        boxes.setdefault(text.get_text(), []).append(text.get_bbox_patch())
    assert boxes["good"][0].get_facecolor()[0] > 0.6  # red
    assert boxes["bad"][0].get_facecolor()[2] > 0.6  # blue
    assert boxes["day"] == [None, None]
    assert boxes["good"][1] is None  # nothing stands out where all is nothing
    assert "raises it most" in boxes and "lowers it most" not in boxes


def test_texts_stand_below_each_other(tmp_path):
    texts = [b"how to sort a list", "如何给列表排序 $5", "x" * 300]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a font for Chinese may not be here
        figure = text_sheet(texts, ["query", "0.98", "0.90"])
    assert [axis.get_title() for axis in figure.axes] == [
        "query",
        "0.98",
        "0.90",
    ]
    shown = [axis.texts[0].get_text() for axis in figure.axes]
    assert shown[0] == "how to sort a list" and shown[1].endswith(r" \$5")
    assert shown[2].replace("\n", "") == "x" * 200
    figure.savefig(tmp_path / "texts.png")


def test_other_numbers_are_told():
    x = np.zeros((1, 8, 8, 1))
    with pytest.raises(ValueError, match="`maps` must be of shape"):
        image_saliency(x, [x], ["input"])
    with pytest.raises(ValueError, match="`texts` must hold 2 maps"):
        token_saliency([[[("a", 1.0)]]], ["trained", "random"])
    with pytest.raises(ValueError, match="`titles` must name each"):
        text_sheet(["a"], [])
