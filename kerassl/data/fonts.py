"""Glyph images of the fonts that come with matplotlib, with their names."""

import functools
import pathlib
import unicodedata
import zlib

import numpy as np

from kerassl.allowed import part
from kerassl.checks import check_integer
from kerassl.data.arrays import ArraySource
from kerassl.errors import InvalidType, InvalidValue

GLYPH_SPLITS = ("train", "test", "all")
GLYPH_LABELS = ("script", "identity")
GLYPH_FIELDS = ("image", "text", "identity", "face")
FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
)
# In pixels; the glyphs of all faces then take 1.3 GB.
MAX_SIZE = 256
# One character in TEST_SHARE is for testing, in all its faces.
TEST_SHARE = 5
# Scripts with fewer characters are one class, "other".
MIN_SCRIPT = 40
# What the first letter of a Unicode category says; letters have a script.
_KINDS = {"L": "other", "N": "number", "P": "punctuation", "S": "symbol"}


@part("source")
def glyphs(split="train", size=32, faces=FACES, fields="image", labels="script"):
    """Returns images of the characters in matplotlib's DejaVu fonts.

    Letters, numbers, punctuation and symbols that every face has are drawn
    centred, each face a row: the rows of one character are views of one
    thing, and the character's Unicode name says what it is. Read from the
    installed package: no download.

    One character in five is for testing, so no tested character was seen in
    another face.

    Args:
        split: `"train"`, `"test"` or `"all"`.
        size: Height and width in pixels, from 8 to 256.
        faces: Font names, such as `"DejaVuSans"`.
        fields: `"image"`: examples are images. A tuple of `"image"`, `"text"`
            (the lower-case name, such as "greek small letter alpha"),
            `"identity"` (the code point) and `"face"` (number in `faces`):
            examples are dicts.
        labels: `"script"`: "latin", "cyrillic" and other scripts for letters,
            else "number", "punctuation" or "symbol"; `"identity"`: the
            character.

    Returns:
        An `ArraySource` of uint8 images (size, size, 1), ink at 255, or of
        dicts.

    Raises:
        ValueError: If an argument has an unknown value.

    Example:
        >>> source = glyphs(faces=("DejaVuSans",))
        >>> source.fetch([0]).shape
        TensorShape([1, 32, 32, 1])
    """
    faces, wanted = _names("faces", faces), _names("fields", fields)
    _check(split, size, faces, wanted, labels)
    codes, images = _drawn(faces, size)  # images: (characters, faces, h, w)
    if split != "all":
        share = np.array([zlib.crc32(str(c).encode()) % TEST_SHARE for c in codes])
        rows = np.flatnonzero((share == 0) == (split == "test"))
    else:
        rows = np.arange(len(codes))
    names = np.array([unicodedata.name(chr(code)).lower() for code in codes])
    classes, class_names = _classes(codes, names, labels)
    columns = {
        "image": images[rows].reshape(-1, size, size, 1),
        "text": np.repeat(names[rows], len(faces)),
        "identity": np.repeat(codes[rows], len(faces)),
        "face": np.tile(np.arange(len(faces)), len(rows)),
    }
    import matplotlib

    return ArraySource(
        columns[fields] if isinstance(fields, str) else {f: columns[f] for f in wanted},
        np.repeat(classes[rows], len(faces)),
        class_names,
        details={
            "set": "glyphs",
            "split": split,
            "faces": list(faces),
            "characters": len(rows),
            "matplotlib": matplotlib.__version__,
        },
    )


def _names(argument, names):
    """Returns the tuple of one name or several."""
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, (list, tuple)):
        raise InvalidType(
            f"`{argument}` must be a name or a list of names. Received: {names!r}"
        )
    return tuple(names)


def _check(split, size, faces, fields, labels):
    if split not in GLYPH_SPLITS:
        raise InvalidValue(
            f"`split` must be one of {GLYPH_SPLITS}. Received: {split!r}"
        )
    check_integer("size", size, least=8, most=MAX_SIZE)
    if labels not in GLYPH_LABELS:
        raise InvalidValue(
            f"`labels` must be one of {GLYPH_LABELS}. Received: {labels!r}"
        )
    if not fields or not set(fields) <= set(GLYPH_FIELDS):
        raise InvalidValue(f"`fields` must be of {GLYPH_FIELDS}. Received: {fields!r}")
    known = {path.stem for path in _font_folder().glob("DejaVu*.ttf")}
    if not faces or not set(faces) <= known:
        raise InvalidValue(f"`faces` must be of {sorted(known)}. Received: {faces!r}")


def _font_folder():
    import matplotlib

    return pathlib.Path(matplotlib.get_data_path(), "fonts", "ttf")


def _classes(codes, names, labels):
    """Returns the class of every character and the names of the classes."""
    if labels == "identity":
        return np.arange(len(names)), tuple(names.tolist())
    kinds = np.array([_KINDS[unicodedata.category(chr(code))[0]] for code in codes])
    first = np.array([name.split()[0] for name in names])
    scripts, counts = np.unique(first[kinds == "other"], return_counts=True)
    common = {str(s) for s in scripts[counts >= MIN_SCRIPT]} - {"modifier"}
    kinds = np.where((kinds == "other") & np.isin(first, list(common)), first, kinds)
    class_names, classes = np.unique(kinds, return_inverse=True)
    return classes, tuple(class_names.tolist())


@functools.lru_cache(maxsize=4)
def _drawn(faces, size):
    """Returns code points (characters,) and images (characters, faces, h, w)."""
    from PIL import Image, ImageDraw, ImageFont

    paths = [_font_folder() / f"{face}.ttf" for face in faces]
    codes = _common_characters(paths)
    images = np.empty((len(codes), len(faces), size, size), np.uint8)
    for j, path in enumerate(paths):
        # Three quarters of the height leave room for accents and descenders.
        font = ImageFont.truetype(str(path), round(size * 0.75))
        for i, code in enumerate(codes):
            canvas = Image.new("L", (size, size))
            ImageDraw.Draw(canvas).text(
                (size / 2, size / 2), chr(code), fill=255, font=font, anchor="mm"
            )
            images[i, j] = np.asarray(canvas)
    visible = images.any(axis=(1, 2, 3))
    return np.array(codes, np.int64)[visible], images[visible]


def _common_characters(paths):
    """Returns the sorted code points that every font can draw."""
    from matplotlib.ft2font import FT2Font

    common = set.intersection(*(set(FT2Font(str(p)).get_charmap()) for p in paths))
    # Letters, numbers, punctuation and symbols; no marks, blanks or controls.
    return sorted(
        code
        for code in common
        if unicodedata.category(chr(code))[0] in "LNPS"
        and unicodedata.name(chr(code), "")
    )
