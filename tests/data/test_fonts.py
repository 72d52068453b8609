import numpy as np
import pytest

from kerassl.data import glyphs

FACES = ("DejaVuSans", "DejaVuSerif")
ALL = ("image", "text", "identity", "face")


def test_rows_of_a_character_are_its_faces():
    source = glyphs("all", size=16, faces=FACES, fields=ALL)
    rows = source.fetch(np.arange(len(source)))
    identity = rows["identity"].numpy()
    where = np.flatnonzero(identity == ord("A"))
    assert len(where) == 2
    assert rows["face"].numpy()[where].tolist() == [0, 1]
    assert rows["text"].numpy()[where[0]] == b"latin capital letter a"
    images = rows["image"].numpy()
    assert images.shape == (len(source), 16, 16, 1)
    assert images.dtype == np.uint8
    assert images.max(axis=(1, 2, 3)).min() > 0
    assert source.class_names[source.labels[where[0]]] == "latin"
    assert len(source) > 4000


def test_a_character_is_on_one_side():
    sides = [
        set(glyphs(split, 16, FACES, "identity").fetch(np.arange(500)).numpy())
        for split in ("train", "test")
    ]
    assert not sides[0] & sides[1]


def test_identity_as_label():
    source = glyphs("all", 16, FACES, labels="identity")
    assert source.labels.tolist()[:4] == [0, 0, 1, 1]
    assert source.class_names[0] == "exclamation mark"
    assert len(source.class_names) * 2 == len(source)


@pytest.mark.parametrize(
    "options",
    [
        {"split": "valid"},
        {"size": 4},
        {"faces": ("Arial",)},
        {"fields": ("picture",)},
        {"labels": "name"},
    ],
)
def test_options_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        glyphs(**options)
