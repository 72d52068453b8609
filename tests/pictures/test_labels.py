import numpy as np
import pytest

from kerassl.pictures.labels import COLOURS, MARKS, look, plain, short, short_names
from kerassl.transfer import embedding_map


def test_no_two_of_many_classes_look_alike():
    looks = {tuple(look(place).values()) for place in range(len(COLOURS) * len(MARKS))}
    assert len(looks) == len(COLOURS) * len(MARKS) == 56


@pytest.mark.parametrize("letters", [2, 9, 30])
def test_a_long_name_keeps_its_ends(letters):
    name = "abcdefghijklmnopqrstuvwxyz_0123456789"
    said = short(name, letters)
    assert len(said) == letters and said[0] == "a" and "…" in said
    assert short("a\n b", letters) == ("a b" if letters > 2 else "a…")


def test_short_names_stay_apart():
    names = [f"class number {i} of the long ones" for i in range(25)]
    found = short_names(names, 14)
    assert len(set(found)) == 25 and max(map(len, found)) < 28
    assert short_names(["a", "a"], 1) == ["a", "a"]
    assert short_names([], 5) == []


def test_a_dollar_starts_no_formula():
    assert plain("$x$") == r"\$x\$"


@pytest.mark.parametrize("classes", [3, 25, 60])
def test_a_map_of_many_classes_is_named_or_says_so(classes, tmp_path):
    labels = np.arange(120) % classes
    names = [f"a class of a long name {i} $x$" for i in range(classes)]
    figure = embedding_map(
        None,
        np.random.default_rng(0).normal(size=(120, 4)),
        labels,
        names,
        method="pca",
    )
    figure.savefig(tmp_path / "map.png")
    title = figure.axes[0].get_title()
    assert title.startswith("Features (PCA) of 120 examples")
    assert bool(figure.legends) == (classes <= 40)
    assert ("60 classes" in title) == (classes == 60)
    if figure.legends:
        figure.canvas.draw()
        legend = figure.legends[0].get_window_extent()
        assert not legend.overlaps(figure.axes[0].get_window_extent())
