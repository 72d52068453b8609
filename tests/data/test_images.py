import os
import struct
import zlib
from zlib import crc32

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from kerassl.data import ImageFolder, image_decoding, image_files, images
from kerassl.data.images import decode_image
from kerassl.errors import UserError


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
    with pytest.raises(FileNotFoundError, match="found 12 .txt files"):
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


PIXELS = np.random.default_rng(0).integers(0, 256, (12, 12, 3), "uint8")


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("jfif", {"format": "JPEG", "quality": 100, "subsampling": 0}),
        ("jpe", {"format": "JPEG", "quality": 100, "subsampling": 0}),
        ("tif", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("tiff", {"compression": "jpeg", "quality": 100}),
        ("ppm", {}),
        ("tga", {}),
        ("avif", {"quality": 100, "subsampling": "4:4:4"}),
        ("jp2", {}),
    ],
)
def test_formats_beside_the_common_ones(tmp_path, suffix, options):
    pixels = np.mgrid[0:120:10, 0:180:15].transpose(1, 2, 0).astype(np.uint8)
    pixels = np.concatenate([pixels, 255 - pixels[..., :1]], axis=2)
    Image.fromarray(pixels).save(tmp_path / f"a.{suffix}", **options)
    source = ImageFolder(tmp_path, size=12)
    gap = source.fetch([0]).numpy()[0].astype(int) - pixels
    assert source.num_skipped == 0 and np.abs(gap).max() < 10


@pytest.mark.parametrize("suffix", ["tif", "pgm", "png"])
def test_16_bits_of_any_format_are_brought_to_8(tmp_path, suffix):
    grey = np.arange(36, dtype=np.uint16).reshape(6, 6) * 1800
    Image.fromarray(grey).save(tmp_path / f"a.{suffix}")
    decoded = ImageFolder(tmp_path, size=6, channels=1).fetch([0]).numpy()[0, ..., 0]
    np.testing.assert_array_equal(decoded, grey >> 8)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_every_kind_of_tiff_is_laid_on_white(tmp_path, mode):
    image = Image.fromarray(PIXELS).convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(100)
    image.save(tmp_path / "a.tif")
    white = Image.new("RGBA", image.size, "white")
    wanted = Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    decoded = decode_image((tmp_path / "a.tif").read_bytes(), 12).numpy().astype(int)
    assert np.abs(decoded - np.asarray(wanted)).max() <= 1


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_of_32_bits_are_left_out(tmp_path, mode):
    write(tmp_path / "good.png")
    Image.fromarray(PIXELS).convert("L").convert(mode).save(tmp_path / "a.tif")
    source = ImageFolder(tmp_path, size=4)
    assert "pixels of 32 bits, expected 8 or 16" in source.skipped[0].reason


def test_the_first_of_several_pages(tmp_path):
    pages = [Image.new("RGB", (6, 6), color) for color in ("red", "blue")]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert ImageFolder(tmp_path, size=4).fetch([0]).numpy()[0, 0, 0].tolist() == [
        255, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["tif", "webp"])
def test_other_formats_are_turned_upright_once(tmp_path, suffix):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[images.ORIENTATION_TAG] = orientation
        options = {"lossless": True} if suffix == "webp" else {}
        path = tmp_path / f"{orientation}.{suffix}"
        Image.fromarray(PIXELS).save(path, exif=exif, **options)
        upright = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        decoded = ImageFolder(tmp_path, size=12).fetch([orientation - 1]).numpy()[0]
        np.testing.assert_array_equal(decoded, np.asarray(upright))


def test_a_name_without_suffix_goes_by_the_content(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "photo", format="PNG")
    (tmp_path / "notes").write_text("P3 is a text as well\n")
    (tmp_path / "vector").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    source = ImageFolder(tmp_path, size=4)
    assert [file.name for file in source.files] == ["photo"]
    assert source.skipped_by_reason == {"a file without suffix, not read": 2}


def test_what_is_no_image_is_counted_by_its_suffix(tmp_path):
    write(tmp_path / "a.png")
    for name in ("b.heic", "c.HEIC", "labels.csv", "d.svg"):
        (tmp_path / name).write_text("x")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    source = ImageFolder(tmp_path, size=4)
    assert source.skipped_by_reason == {
        "a .heic file, not read": 2,
        "a .csv file, not read": 1,
        "a .svg file, not read": 1,
        "a link to nothing": 1,
    }
    (tmp_path / "a.png").unlink()
    with pytest.raises(FileNotFoundError, match="2 .heic files.* into JPEG first"):
        ImageFolder(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "gif", "bmp", "tif", "webp", "jpg", "ppm"])
def test_too_many_pixels_are_refused_before_decoding(tmp_path, monkeypatch, suffix):
    write(tmp_path / "a.png", size=(10, 10))
    write(tmp_path / f"large.{suffix}", size=(11, 10))
    for module in (image_files, image_decoding):
        monkeypatch.setattr(module, "MAX_PIXELS", 100)
    source = ImageFolder(tmp_path, size=4)
    (skipped,) = source.skipped
    assert skipped.reason == "too large: 11 x 10 pixels, at most 100"
    with pytest.raises((tf.errors.OpError, UserError), match="too large"):
        decode_image((tmp_path / f"large.{suffix}").read_bytes(), 4)


def bomb(width, height):
    """Returns a PNG of few bytes whose head tells of many pixels."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return image_decoding.PNG_SIGNATURE + b"".join(
        chunk(*part) for part in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    )


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((20_000, 20_000), "400,000,000 pixels"),
        ((8193, 8192), "8193 x 8192 pixels"),
        ((10_000, 10_000), "10000 x 10000 pixels"),
        ((2**31 - 1, 2**31 - 1), "pixels"),
    ],
)
def test_a_small_file_of_many_pixels(tmp_path, size, said):
    write(tmp_path / "a.png")
    (tmp_path / "bomb.png").write_bytes(bomb(*size))
    source = ImageFolder(tmp_path, size=4)
    (skipped,) = source.skipped
    assert said in skipped.reason and "at most 67,108,864" in skipped.reason
    assert source.skipped_by_reason == {"too large": 1}
    with pytest.raises(tf.errors.OpError, match="too large"):
        decode_image(bomb(*size), 4)


def test_a_change_of_a_file_changes_its_fingerprint(tmp_path):
    for split in ("train", "test"):
        write(tmp_path / split / "cat" / "a.png")
        write(tmp_path / split / "dog" / "b.png")
    before = ImageFolder(tmp_path, size=4)
    assert list(before.fingerprints()) == [
        "train/cat/a.png", "train/dog/b.png", "test/cat/a.png", "test/dog/b.png",
    ]  # fmt: skip
    same = ImageFolder(tmp_path, size=4)
    assert same.fingerprints() == before.fingerprints()
    write(tmp_path / "test" / "dog" / "b.png", color=(0, 0, 0))
    after = ImageFolder(tmp_path, size=4)
    changed = set(after.fingerprints().items()) - set(before.fingerprints().items())
    assert [name for name, _ in changed] == ["test/dog/b.png"]
    (tmp_path / "train/dog/b.png").rename(tmp_path / "train/dog/c.png")
    renamed = ImageFolder(tmp_path, size=4)
    sources = before, same, after, renamed
    assert len({source.describe()["digest"] for source in sources}) == 3


def test_a_file_that_is_gone_by_now_is_left_out(tmp_path, monkeypatch):
    for name in ("a", "b"):
        write(tmp_path / f"{name}.png")
    monkeypatch.setattr(
        "kerassl.data.images.find_image_files",
        lambda folder, skip: [tmp_path / f"{name}.png" for name in ("a", "b", "gone")],
    )
    source = ImageFolder(tmp_path, size=4)
    assert len(source) == 2
    assert source.skipped[0].reason == "not read: No such file or directory"


def test_a_name_with_a_line_end_stays_on_one_line(tmp_path):
    (tmp_path / "two\nlines.png").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"two\\nlines.png") as caught:
        ImageFolder(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"size": 9_999_999},
        {"size": "abc"},
        {"size": True},
        {"channels": True},
        {"channels": 4},
        {"cache": "yes"},
    ],
)
def test_options_of_a_wrong_kind_are_named(tmp_path, options):
    write(tmp_path / "a.png")
    with pytest.raises(UserError, match=f"`{next(iter(options))}` must"):
        ImageFolder(tmp_path, **options)


def test_memory_bounds_how_many_are_decoded_at_a_time(tmp_path, monkeypatch):
    write(tmp_path / "a.png", size=(100, 100))
    assert ImageFolder(tmp_path, size=4)._parallel > 1
    monkeypatch.setattr(images, "DECODING_BYTES", 1 << 16)
    assert ImageFolder(tmp_path, size=4)._parallel == 1


def test_a_folder_is_read_as_the_encoder_or_the_pretext_layer_takes_it():
    encoder = {"input_shape": [32, 32, 1]}
    fitted = ImageFolder.fitted_options({"encoder": encoder, "pretext": {}})
    assert fitted == {"size": 32, "channels": 1}
    pretext = {"size": 40, "channels": 3}  # of colours, where lightness alone is seen
    fitted = ImageFolder.fitted_options({"encoder": encoder, "pretext": pretext})
    assert fitted == pretext
    fitted = ImageFolder.fitted_options({"encoder": encoder, "pretext": {"size": None}})
    assert fitted["size"] == 32
