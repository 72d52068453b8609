"""Attention drawn over patches and between tokens."""

import warnings

import numpy as np
import pytest

from kerassl.pictures import patch_attention, token_attention


def test_each_map_lies_on_its_image(tmp_path):
    images = np.random.default_rng(0).random((2, 8, 8, 1))
    maps = [np.eye(2)[None].repeat(2, 0), np.ones((2, 4, 4))]
    figure = patch_attention(images, maps, ["image", "rollout", "head 1"])
    assert [axis.get_title() for axis in figure.axes[:3]] == [
        "image",
        "rollout",
        "head 1",
    ]
    assert [len(axis.images) for axis in figure.axes] == [1, 2, 2] * 2
    image, laid = figure.axes[1].images
    np.testing.assert_array_equal(laid.get_array(), np.eye(2))
    # The patches cover the whole image.
    assert sorted(laid.get_extent()) == sorted(image.get_extent())
    figure.savefig(tmp_path / "patches.png")


def test_tokens_of_any_script_stand_beside_the_maps(tmp_path):
    weights = np.random.default_rng(1).random((2, 3, 4, 4))
    tokens = ["[CLS]", "北京", "$5", "[SEP]"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a font for Chinese may not be here
        figure = token_attention(tokens, weights, ["layer 1", "layer 2"], list("abc"))
    assert len(figure.axes) == 6
    last = figure.axes[3]
    assert [label.get_text() for label in last.get_yticklabels()][2] == r"\$5"
    np.testing.assert_array_equal(last.images[0].get_array(), weights[1, 0])
    figure.savefig(tmp_path / "tokens.png")  # the dollar starts no formula


def test_long_texts_are_cut_to_what_can_be_read():
    figure = token_attention(["word"] * 50, np.ones((1, 1, 50, 50)), ["layer 1"])
    assert figure.axes[0].images[0].get_array().shape == (32, 32)


def test_other_numbers_of_titles_are_told():
    with pytest.raises(ValueError, match="`maps` must hold 1 examples"):
        patch_attention(np.zeros((1, 8, 8, 1)), [np.ones((1, 2, 2))], ["image"])
    with pytest.raises(ValueError, match="`weights` must have shape"):
        token_attention(["a"], np.ones((1, 1, 2, 2)), ["layer 1"])
