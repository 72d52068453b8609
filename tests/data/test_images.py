import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from kerassl.data import ImageFolder, images
from kerassl.data.images import decode_image


def write(path, color=(200, 30, 60), mode="RGB", size=(20, 12), **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).convert(mode).save(path, **options)


def test_class_folders_formats_and_sizes(tmp_path):
    write(tmp_path / "cat" / "a.jpg", quality=95)
    write(tmp_path / "cat" / "b.PNG", size=(5, 9))
    write(tmp_path / "dog" / "c.bmp")
    write(tmp_path / "dog" / "d.gif")
    write(tmp_path / "dog" / "e.webp", lossless=True)
    write(tmp_path / "dog" / "f.jpg", mode="CMYK", quality=95)
    source = ImageFolder(tmp_path, size=8)
    batch = source.fetch(np.arange(6))
    assert batch.shape == (6, 8, 8, 3)
    assert batch.dtype == tf.uint8
    assert np.abs(batch.numpy().astype(int) - (200, 30, 60)).max() < 12
    assert source.labels.tolist() == [0, 0, 1, 1, 1, 1]
    assert source.class_names == ("cat", "dog")
    assert source.describe()["image_shape"] == [8, 8, 3]


@pytest.mark.parametrize("cache", [True, False])
def test_broken_files_among_good_ones_are_named_and_skipped(tmp_path, cache):
    for i in range(3):
        write(tmp_path / f"{i}.jpg", color=(80 * i, 0, 0), quality=95)
    whole = (tmp_path / "0.jpg").read_bytes()
    (tmp_path / "0broken.jpg").write_bytes(whole[:200])
    (tmp_path / "1empty.png").write_bytes(b"")
    (tmp_path / "1text.jpg").write_text("this is no image")
    source = ImageFolder(tmp_path, size=4, cache=cache)
    assert len(source) == 3
    assert source.num_skipped == 3
    names = [s.where.rsplit("/", 1)[1] for s in source.skipped]
    assert names == ["0broken.jpg", "1empty.png", "1text.jpg"]
    assert source.skipped[1].reason == "empty file"
    assert all(s.reason for s in source.skipped)
    assert source.labels is None
    reds = source.fetch([2, 0]).numpy()[:, 0, 0, 0]
    assert abs(int(reds[0]) - 160) < 8 and reds[1] < 8


def test_decodes_inside_dataset_map_with_static_shapes(tmp_path):
    write(tmp_path / "a.png")
    write(tmp_path / "b.png", color=(0, 0, 0))
    source = ImageFolder(tmp_path, size=4, cache=False)
    batches = tf.data.Dataset.range(2).batch(2, drop_remainder=True).map(source.fetch)
    assert batches.element_spec.shape == (2, 4, 4, 3)
    assert next(iter(batches)).numpy()[:, 0, 0].tolist() == [[200, 30, 60], [0, 0, 0]]


def test_transparent_is_white_and_grey_is_repeated(tmp_path):
    Image.new("RGBA", (6, 6), (10, 20, 30, 0)).save(tmp_path / "a.png")
    Image.new("L", (6, 6), 77).save(tmp_path / "b.png")
    batch = ImageFolder(tmp_path, size=6).fetch([0, 1]).numpy()
    assert (batch[0] == 255).all()
    assert (batch[1] == 77).all()
    assert ImageFolder(tmp_path, size=6, channels=1).fetch([1]).shape == (1, 6, 6, 1)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_a_first_frame_and_whatever_lies_under_transparency(tmp_path, suffix):
    clear, solid = (Image.new("RGBA", (6, 6), (200, 30, 60, a)) for a in (0, 255))
    clear.save(tmp_path / f"a.{suffix}")
    frames = {"save_all": True, "append_images": [Image.new("RGBA", (6, 6), "blue")]}
    solid.save(tmp_path / f"b.{suffix}", **frames, **{"lossless": True})
    source = ImageFolder(tmp_path, size=6)
    assert source.num_skipped == 0
    batch = source.fetch([0, 1]).numpy()
    assert (batch[0] == 255).all()
    assert np.abs(batch[1].astype(int) - (200, 30, 60)).max() < 3


@pytest.mark.parametrize("suffix", ["bmp", "gif", "png"])
@pytest.mark.parametrize("colors", [1, 2, 4, 16, 100])
def test_a_palette_of_any_size_is_one_of_colours(tmp_path, suffix, colors):
    palette = np.random.default_rng(0).integers(0, 256, (colors, 3), "uint8")
    pixels = palette[np.arange(12 * 12).reshape(12, 12) % colors]
    image = Image.fromarray(pixels).quantize(max(colors, 2), dither=Image.Dither.NONE)
    image.save(tmp_path / f"a.{suffix}")
    decoded = decode_image((tmp_path / f"a.{suffix}").read_bytes(), 12).numpy()
    np.testing.assert_array_equal(decoded, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA"])
def test_every_kind_of_png_is_laid_on_white(tmp_path, mode):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 12, 4), "uint8")
    image = Image.fromarray(pixels).convert(mode)
    image.save(tmp_path / "a.png")
    white = Image.new("RGBA", image.size, "white")
    wanted = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    decoded = decode_image((tmp_path / "a.png").read_bytes(), 12).numpy().astype(int)
    assert np.abs(decoded - np.asarray(wanted)).max() <= 1


def test_16_bits_are_brought_to_8(tmp_path):
    Image.fromarray(np.full((6, 6), 200 * 257, np.uint16)).save(tmp_path / "a.png")
    assert (ImageFolder(tmp_path, size=6).fetch([0]).numpy() == 200).all()


def test_links_are_followed_and_what_is_hidden_is_no_class(tmp_path):
    folder = tmp_path / "photos"
    for name in ("cat/a.png", ".ipynb_checkpoints/a.png", "cat/.thumbs/a.png"):
        write(folder / name)
    write(tmp_path / "elsewhere" / "b.png")
    (folder / "dog").symlink_to(tmp_path / "elsewhere")
    (folder / "dog" / "up").symlink_to(folder)  # round and round
    source = ImageFolder(folder)
    assert source.class_names == ("cat", "dog")
    assert source.labels.tolist() == [0, 1]


def test_a_name_need_not_be_utf8(tmp_path):
    write(tmp_path / "a.png")
    for name in (b"b\xe9.png", b"broken\xe9.png"):
        (tmp_path / os.fsdecode(name)).write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / os.fsdecode(name)).write_bytes(b"")
    source = ImageFolder(tmp_path, size=4)
    assert len(source) == 2
    assert source.skipped[0].where.endswith("broken?.png")


def test_the_centre_square_is_kept():
    wide = np.zeros((4, 12, 3), np.uint8)
    wide[:, 4:8] = 255
    data = tf.io.encode_png(wide)
    assert (decode_image(data, 4).numpy() == 255).all()


def test_shrinking_averages():
    noise = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (32, 32))[..., None]
    small = decode_image(tf.io.encode_png(noise), 8, channels=1).numpy()
    assert np.abs(small.astype(int) - 127).max() < 12


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        ImageFolder(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="found no file at all"):
        ImageFolder(tmp_path)
    for i in range(12):
        (tmp_path / f"{i}.txt").write_text("text")
    with pytest.raises(FileNotFoundError, match="found 12 .txt files.* text preset"):
        ImageFolder(tmp_path)
    with pytest.raises(NotADirectoryError, match="Received a file"):
        ImageFolder(tmp_path / "1.txt")


def test_all_broken_is_an_error(tmp_path):
    (tmp_path / "a.jpg").write_text("no")
    with pytest.raises(ValueError, match="None of the 1 images .* can be decoded"):
        ImageFolder(tmp_path)


@pytest.mark.parametrize("options", [{"size": 0}, {"channels": 2}])
def test_options_are_checked(tmp_path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        ImageFolder(tmp_path, **options)


def test_suffixes_of_either_case(tmp_path):
    write(tmp_path / "A.JPEG")
    write(tmp_path / "._A.JPEG")  # what a file archiver leaves behind
    assert [f.name for f in images.find_image_files(tmp_path)] == ["A.JPEG"]


@pytest.mark.parametrize("cache", [True, False])
def test_photographs_are_turned_upright(tmp_path, cache):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), "uint8")
    expected = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[images.ORIENTATION_TAG] = orientation
        for suffix in ("jpg", "png"):
            path = tmp_path / f"{orientation}.{suffix}"
            Image.fromarray(pixels.repeat(8, 0).repeat(8, 1)).save(
                path, exif=exif, quality=95, subsampling=0
            )
            upright = np.asarray(ImageOps.exif_transpose(Image.open(path)), int)
            height, width = upright.shape[:2]
            top, left = (height - 32) // 2, (width - 32) // 2
            expected.append(upright[top : top + 32, left : left + 32])
    fetched = ImageFolder(tmp_path, size=32, cache=cache).fetch(np.arange(16)).numpy()
    assert np.abs(fetched - np.array(expected)).max() <= 3  # two decoders of JPEG
    assert np.abs(fetched[0].astype(int) - fetched[2]).max() > 50


def test_a_broken_exif_block_loses_no_picture(tmp_path):
    exif = Image.Exif()
    exif[images.ORIENTATION_TAG] = 6
    write(tmp_path / "good.jpg", exif=exif)
    data = (tmp_path / "good.jpg").read_bytes()
    at = data.index(b"Exif\0\0") + 6
    # Cut in the head of the block, and one with an orientation that is none.
    (tmp_path / "cut.jpg").write_bytes(data[:at] + b"\xff" * 8 + data[at + 8 :])
    wrong = data[at:].replace(b"\x00\x06", b"\x00\x63", 1)
    (tmp_path / "wrong.jpg").write_bytes(data[:at] + wrong)
    files = sorted(tmp_path.iterdir())
    assert images.read_orientations(files).tolist() == [1, 6, 1]
    assert ImageFolder(tmp_path, size=4).num_skipped == 0
