"""Images of all formats, sizes, modes and layouts, and what is taken for images."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from hostile_inputs import Odd, check, file, in_time, refused
from PIL import Image

from kerassl.data import as_source

# A picture whose quarters are red, green, blue and white, so that a turn shows.
QUARTERS = np.zeros((8, 8, 3), np.uint8)
QUARTERS[:4, :4, 0] = QUARTERS[:4, 4:, 1] = QUARTERS[4:, :4, 2] = 255
QUARTERS[4:, 4:] = 255


def read(given, **options):
    return as_source(given, modality="image", **{"size": 8, **options})


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def coded(kind, array=QUARTERS, mode=None, **options):
    """Returns the content of an image file."""
    image = Image.fromarray(array)
    if mode:
        image = image.convert(mode)
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def png(width, height, color=2, depth=8, body=b""):
    """Returns a PNG whose head tells of any size."""

    def chunk(name, data):
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(body)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def folder(**contents):
    """Returns a maker of a folder; `__` in a name stands for `/`, `_` for `.`."""

    def make(path):
        for name, content in contents.items():
            file(name.replace("__", "/").replace("_", "."), content)(path / "data")
        return path / "data"

    return make


GOOD = coded("PNG")


def read_right(name, content, suffix=".png", values=QUARTERS, within=3):
    return name, content, suffix, values, within


GREY = QUARTERS[..., 1]
GREY3 = np.repeat(GREY[..., None], 3, -1)
ALPHA = np.dstack([QUARTERS, np.full((8, 8), 255, np.uint8)])
CLEAR = np.dstack([QUARTERS, np.zeros((8, 8), np.uint8)])
WHITE = np.full((8, 8, 3), 255, np.uint8)
WIDE = np.concatenate(
    [np.zeros((8, 4, 3), np.uint8), QUARTERS, np.zeros((8, 4, 3), np.uint8)], 1
)
TALL = WIDE.transpose(1, 0, 2).copy()


def turned(orientation):
    """Returns a PNG and a JPEG's EXIF that must be turned to show `QUARTERS`."""
    inverse = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.transpose(1, 0, 2),
        6: lambda x: np.rot90(x, 1),
        7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
        8: lambda x: np.rot90(x, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return np.ascontiguousarray(inverse(QUARTERS)), exif.tobytes()


RIGHT = [
    read_right("png", GOOD),
    read_right("jpeg", coded("JPEG", quality=100, subsampling=0), ".jpg", within=20),
    read_right(
        "jpeg progressive",
        coded("JPEG", quality=100, subsampling=0, progressive=True),
        ".jpg",
        within=20,
    ),
    read_right(
        "jpeg called jfif",
        coded("JPEG", quality=100, subsampling=0),
        ".jfif",
        within=20,
    ),
    read_right(
        "jpeg called png", coded("JPEG", quality=100, subsampling=0), ".png", within=20
    ),
    read_right("png called jpeg", GOOD, ".JPG"),
    read_right(
        "jpeg of CMYK", coded("JPEG", mode="CMYK", quality=100), ".jpg", within=60
    ),
    read_right("jpeg grey", coded("JPEG", GREY, quality=100), ".jpg", GREY3),
    read_right("bmp", coded("BMP"), ".bmp"),
    read_right("bmp of a palette", coded("BMP", mode="P"), ".bmp", within=60),
    read_right("gif", coded("GIF"), ".gif", within=60),
    read_right("webp", coded("WEBP", lossless=True), ".webp"),
    read_right(
        "webp transparent",
        coded("WEBP", CLEAR, lossless=True, exact=True),
        ".webp",
        WHITE,
    ),
    read_right("tiff", coded("TIFF"), ".tif"),
    read_right("tiff compressed", coded("TIFF", compression="tiff_lzw"), ".tiff"),
    read_right("ppm", coded("PPM"), ".ppm"),
    read_right("pgm", coded("PPM", GREY), ".pgm", GREY3),
    read_right("tga", coded("TGA"), ".tga"),
    read_right("jpeg 2000", coded("JPEG2000"), ".jp2"),
    read_right("png without a suffix", GOOD, ""),
    read_right("png in capitals", GOOD, ".PNG"),
    read_right("png interlaced", GOOD + b"junk behind the end"),
    read_right("png with alpha", coded("PNG", ALPHA)),
    read_right("png transparent", coded("PNG", CLEAR), values=WHITE),
    read_right("png grey", coded("PNG", GREY), values=GREY3),
    read_right("png grey with alpha", coded("PNG", GREY, "LA"), values=GREY3),
    read_right("png of 1 bit", coded("PNG", GREY, "1"), values=GREY3),
    read_right(
        "png of 16 bits", coded("PNG", GREY.astype(np.uint16) * 257), values=GREY3
    ),
    read_right("png of a palette", coded("PNG", mode="P"), within=60),
    read_right(
        "png transparent by a colour", coded("PNG", transparency=(255, 255, 255))
    ),
    read_right(
        "tiff of 16 bits", coded("TIFF", GREY.astype(np.uint16) * 257), ".tif", GREY3
    ),
    read_right("a wide picture", coded("PNG", WIDE)),
    read_right("a tall picture", coded("PNG", TALL), values=TALL[4:12]),
    read_right(
        "one pixel",
        coded("PNG", QUARTERS[:1, :1]),
        values=np.full((8, 8, 3), [255, 0, 0]),
    ),
    read_right(
        "one row",
        coded("PNG", np.repeat(QUARTERS[:1, :1], 999, 1)),
        values=np.full((8, 8, 3), [255, 0, 0]),
    ),
    read_right(
        "a large picture", coded("PNG", QUARTERS.repeat(64, 0).repeat(64, 1)), within=20
    ),
    *(
        read_right(f"orientation {i}", coded("PNG", turned(i)[0], exif=turned(i)[1]))
        for i in range(1, 9)
    ),
    *(
        read_right(
            f"webp of orientation {i}",
            coded("WEBP", turned(i)[0], lossless=True, exif=turned(i)[1]),
            ".webp",
        )
        for i in (3, 6)
    ),
    read_right(
        "an orientation that is none",
        coded(
            "PNG",
            exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0\0\0\0\0",
        ),
    ),
    read_right("broken EXIF", coded("PNG", exif=b"Exif\0\0junk")),
]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """All of them in one folder, under their numbers."""
    path = tmp_path_factory.mktemp("gallery")
    for number, (_, content, suffix, *_) in enumerate(RIGHT):
        file(f"{number:03}{suffix}", content)(path)
    return read(path)


@pytest.mark.parametrize("number", range(len(RIGHT)), ids=lambda i: RIGHT[i][0])
def test_a_picture_that_is_read(number, gallery):
    assert gallery.num_skipped == 0 and len(gallery) == len(RIGHT), gallery.skipped
    *_, values, within = RIGHT[number]
    found = gallery.fetch([number]).numpy()[0].astype(int)
    # But for the lines between the quarters, which a format or a size may blur.
    inner = np.ix_([0, 1, 2, 5, 6, 7], [0, 1, 2, 5, 6, 7])
    assert np.abs(found - values)[inner].max() <= within


def test_pictures_of_one_channel(tmp_path):
    file("a.png", coded("PNG", GREY3))(tmp_path)
    file("b.jpg", coded("JPEG", GREY, quality=100))(tmp_path)
    found = read(tmp_path, channels=1).fetch([0, 1]).numpy().astype(int)
    assert np.abs(found - GREY[..., None]).max() <= 20


BROKEN = {
    "an empty file": b"",
    "one byte": b"\x89",
    "text": b"hello",
    "a signature alone": GOOD[:8],
    "a head alone": GOOD[:40],
    "half of it": coded("JPEG")[:200],
    "a bit flipped": GOOD[:50] + bytes([GOOD[50] ^ 0xFF]) + GOOD[51:],
    "a page": b"<!DOCTYPE html><p>404",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "no pixels": png(0, 0),
    "no rows": png(8, 0),
    "a negative size": png(0xFFFFFFFF, 1),
    "no data": png(8, 8),
    "a bomb of one colour": png(20_000, 20_000, 0, 1),
    "a long line": png(1 << 30, 1),
    "a size beyond measure": png(0x7FFFFFFF, 0x7FFFFFFF),
    "32 bits": coded("TIFF", GREY.astype(np.float32)),
    "zeros": bytes(1000),
}


NAMES = ("bad.png", "bad.jpg", "bad.webp")


@pytest.fixture(scope="module")
def ruins(tmp_path_factory):
    """All of them in one folder beside one good picture, under each name."""
    path = tmp_path_factory.mktemp("ruins")
    file("good/good.png", GOOD)(path)
    for what, content in BROKEN.items():
        for name in NAMES:
            file(f"{what}/{name}", content)(path)
    with in_time():
        return read(path)


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("name", NAMES)
def test_a_broken_picture_is_left_out(what, name, ruins):
    assert len(ruins) == 1 and ruins.num_skipped == len(BROKEN) * len(NAMES)
    where = str(ruins.path / what / name)
    (reason,) = [s.reason for s in ruins.skipped if s.where == where]
    assert reason and len(reason.splitlines()) == 1


@pytest.mark.parametrize("what", ["an empty file", "text", "no pixels", "no data"])
def test_a_broken_picture_alone(what, tmp_path):
    file("bad.png", BROKEN[what])(tmp_path)
    refused("None of the 1 images in .* can be decoded", lambda: read(tmp_path))


FOLDERS = [
    Odd("an empty folder", lambda f: f, refused="No image files .* no file at all"),
    Odd("texts alone", folder(a_txt="a"), refused="1 .txt file.*text preset"),
    Odd("photographs of a phone", folder(a_heic="x"), refused="turned into JPEG"),
    Odd("a folder that is not there", lambda f: f / "no", refused="No file or folder"),
    Odd("a file", file("a.png", GOOD), refused="reads a folder"),
    Odd(
        "a pattern",
        lambda f: file("a.png", GOOD)(f) and f"{f}/*.png",
        refused="reads a folder",
    ),
    Odd(
        "a list of files",
        lambda f: [file("a.png", GOOD)(f), file("b.png", GOOD)(f)],
        refused="reads a folder",
    ),
    Odd("an archive", file("a.zip", b"PK\x03\x04"), refused="reads a folder"),
    Odd("a text file", file("a.txt", "a"), refused="reads a folder"),
    Odd(
        "strays of all kinds",
        folder(
            a_png=GOOD, b_heic="x", c_txt="x", d_json="x", e="x", f_svg="x", g_mp4="x"
        ),
        examples=1,
        skipped={
            "a .heic file, not read": 1,
            "a .txt file, not read": 1,
            "a .json file, not read": 1,
            "a file without suffix, not read": 1,
            "a .svg file, not read": 1,
            "a .mp4 file, not read": 1,
        },
    ),
    Odd(
        "what is hidden",
        lambda f: [file(n, GOOD)(f) for n in ("a.png", ".b.png", ".cache/c.png")] and f,
        examples=1,
    ),
    Odd(
        "a Mac's shadow files",
        lambda f: [file("a.png", GOOD)(f), file("._a.png", "x")(f)] and f,
        examples=1,
    ),
    Odd("two classes", folder(x__a_png=GOOD, y__b_png=GOOD), examples=2, labels=[0, 1]),
    Odd("one class", folder(x__a_png=GOOD, x__b_png=GOOD), examples=2, labels="none"),
    Odd(
        "a class of broken pictures",
        folder(x__a_png=GOOD, y__b_png="x"),
        examples=1,
        labels="none",
        noted="No labels",
        skipped={"no image, or of an unknown format": 1},
    ),
    Odd(
        "a class of other files",
        folder(x__a_png=GOOD, y__b_txt="x"),
        examples=1,
        labels="none",
        skipped={"a .txt file, not read": 1},
    ),
    Odd(
        "a stray picture beside classes",
        folder(x__a_png=GOOD, y__b_png=GOOD, c_png=GOOD),
        examples=2,
        labels=[0, 1],
        skipped={"beside the class folders": 1},
    ),
    Odd(
        "many pictures beside classes",
        folder(x__a_png=GOOD, y__b_png=GOOD, c_png=GOOD, d_png=GOOD),
        examples=4,
        labels="none",
        noted="No labels: 2 of 4",
    ),
    Odd(
        "classes in classes",
        folder(x__p__a_png=GOOD, x__q__b_png=GOOD, y__c_png=GOOD),
        examples=3,
        labels=[0, 0, 1],
    ),
    Odd(
        "splits above classes",
        folder(
            train__x__a_png=GOOD,
            train__y__b_png=GOOD,
            val__x__c_png=GOOD,
            val__y__d_png=GOOD,
        ),
        examples=2,
        labels=[0, 1],
        test=2,
        noted="are splits",
    ),
    Odd(
        "three splits",
        folder(train__a_png=GOOD, val__b_png=GOOD, test__c_png=GOOD, test__d_png=GOOD),
        examples=1,
        labels="none",
        test=2,
        noted="1 files of 'val' left aside",
    ),
    Odd(
        "splits in capitals",
        folder(
            Train__x__a_png=GOOD,
            Train__y__b_png=GOOD,
            TEST__x__c_png=GOOD,
            TEST__y__d_png=GOOD,
        ),
        examples=2,
        labels=[0, 1],
        test=2,
    ),
    Odd(
        "a stray beside splits",
        folder(train__a_png=GOOD, test__b_png=GOOD, c_png=GOOD),
        examples=1,
        test=1,
        skipped={"beside the folders of the splits": 1},
    ),
    Odd(
        "splits without one to train on",
        folder(val__a_png=GOOD, test__b_png=GOOD),
        refused="called like splits",
    ),
    Odd(
        "a class called test",
        folder(test__a_png=GOOD, cat__b_png=GOOD),
        examples=2,
        labels=[0, 1],
        noted="taken for a class",
    ),
    Odd(
        "splits below classes",
        folder(
            x__train__a_png=GOOD,
            x__test__b_png=GOOD,
            y__train__c_png=GOOD,
            y__test__d_png=GOOD,
        ),
        examples=4,
        labels=[0, 0, 1, 1],
        noted="not told apart",
    ),
    Odd(
        "a test class unknown to training",
        folder(
            train__x__a_png=GOOD,
            train__y__b_png=GOOD,
            test__x__c_png=GOOD,
            test__z__d_png=GOOD,
        ),
        refused="classes to test on",
    ),
    Odd(
        "a broken test split",
        folder(train__a_png=GOOD, test__b_png="x"),
        refused="None of the 1 images",
    ),
    Odd("size 0", folder(a_png=GOOD), refused="`size`", options={"size": 0}),
    Odd(
        "a size without measure",
        folder(a_png=GOOD),
        refused="`size`",
        options={"size": 9_999_999},
    ),
    Odd(
        "a size in words", folder(a_png=GOOD), refused="`size`", options={"size": "big"}
    ),
    Odd(
        "two channels",
        folder(a_png=GOOD),
        refused="`channels`",
        options={"channels": 2},
    ),
    Odd(
        "an option that is none",
        folder(a_png=GOOD),
        refused="`sise` is no option",
        options={"sise": 3},
    ),
]


def linked(name, to):
    def make(path):
        data = folder(a_png=GOOD)(path)
        os.symlink(to, data / name)
        return data

    return make


LINKS = [
    Odd("a link to a picture", linked("b.png", "a.png"), examples=2),
    Odd(
        "a link to nothing",
        linked("b.png", "none.png"),
        examples=1,
        skipped={"a link to nothing": 1},
    ),
    Odd(
        "a link in a circle",
        linked("b.png", "b.png"),
        examples=1,
        skipped={"a link to nothing": 1},
    ),
    Odd(
        "a link to the folder itself",
        linked("b", "."),
        examples=1,
        skipped={"a link to a folder that is read already": 1},
    ),
    Odd(
        "a pipe",
        lambda f: (
            [folder(a_png=GOOD)(f), os.mkfifo(f / "data" / "p.png")] and f / "data"
        ),
        examples=1,
        skipped={"neither a file nor a folder": 1},
    ),
    Odd("a folder called like a picture", folder(a_png__b_png=GOOD), examples=1),
    Odd(
        "a name in Latin-1",
        lambda f: file(os.fsdecode(b"caf\xe9.png"), GOOD)(f) and f,
        examples=1,
    ),
    Odd(
        "a name with a line end",
        lambda f: file("a\nb.png", "x")(f) and file("c.png", GOOD)(f) and f,
        examples=1,
        skipped={"no image, or of an unknown format": 1},
    ),
    Odd("a name of blanks", lambda f: file(" .png", GOOD)(f) and f, examples=1),
]


@pytest.mark.parametrize("case", FOLDERS + LINKS, ids=str)
def test_a_folder(case, tmp_path):
    check(case, tmp_path, read if "sise" not in case.options else as_source)
