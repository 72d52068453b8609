"""Which files are images, and what their heads say."""

import concurrent.futures
import dataclasses
import re
import warnings

import numpy as np

from kerassl.data.files import files_below, wanted_files

SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".png",
    ".bmp",
    ".gif",
    ".webp",
    ".tif",
    ".tiff",
    ".ppm",
    ".pgm",
    ".pbm",
    ".pnm",
    ".tga",
    ".avif",
    ".jp2",
)
# Pillow's names of what is read. Others, such as EPS, may start programs.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000")
# It has no signature, so what is called otherwise is never taken for one.
TGA = ("TGA",)
PHONE_SUFFIXES = (".heic", ".heif")
# Larger images are left out before they are decoded: a small file can hold a picture
# that fills the memory. Nearly all cameras make less; as bytes it is 200 MB.
MAX_PIXELS = 1 << 26
# Measured peak of decoding, for each pixel: of formats that TensorFlow decodes to
# bytes, and of those that go through Pillow or lie on white as floats.
PLAIN = ("JPEG", "PNG")
PLAIN_BYTES, OTHER_BYTES = 6, 36
# EXIF's tag of how the camera was held, from 1, upright, to 8.
ORIENTATION_TAG = 0x0112


@dataclasses.dataclass(frozen=True)
class Head:
    """What the head of an image file says.

    Attributes:
        orientation: EXIF's, from 1 to 8; 1, upright, where the file does not say.
        memory: Bytes that decoding takes, about; 0 where it is not known.
        too_large: Why the image is too large, or None.
    """

    orientation: int = 1
    memory: int = 0
    too_large: str | None = None


def find_image_files(folder, skip=None):
    """Returns the sorted image files in a folder and its subfolders.

    Args:
        folder: The folder.
        skip: Function that is told (path, reason) of what is left out, such as
            `Source.skip`; None for none.

    Raises:
        FileNotFoundError: If the folder is missing or holds no images; the
            message says what it holds instead.
        NotADirectoryError: If `folder` is a file.
    """
    files = wanted_files(folder, is_image_file, "Images", skip)
    if not files:
        raise FileNotFoundError(_nothing_found(folder))
    return files


def is_image_file(path):
    """Tells whether a file is an image by its name, or without one by its content."""
    if path.suffix:
        return path.suffix.lower() in SUFFIXES
    from PIL import Image

    try:
        with _no_warnings(), open_image(path, FORMATS):
            return True
    except Image.DecompressionBombError:
        return True
    except Exception:  # of whatever kind: it is no image then
        return False


def open_image(file, formats=FORMATS + TGA):
    """Returns Pillow's image, of which only the head is read.

    Args:
        file: A path, or a file object.
        formats: Pillow's names of the formats to try.
    """
    from PIL import Image

    Image.init()  # else it knows the commonest alone
    known = [name for name in formats if name in Image.OPEN]
    return Image.open(file, formats=known)


def read_heads(files):
    """Returns the `Head` of each image file, without decoding it.

    Args:
        files: List of paths.
    """
    with concurrent.futures.ThreadPoolExecutor() as pool, _no_warnings():
        return list(pool.map(_head, files))


def read_orientations(files):
    """Returns EXIF's orientation of image files, an int32 array from 1 to 8.

    Args:
        files: List of paths.
    """
    return np.array([head.orientation for head in read_heads(files)], np.int32)


def too_large(width, height):
    """Returns why an image is too large to be decoded, or None."""
    if width * height <= MAX_PIXELS:
        return None
    return f"too large: {width} x {height} pixels, at most {MAX_PIXELS:,}"


def _head(file):
    from PIL import Image

    try:
        with open_image(file) as image:
            width, height = image.size
            plain = image.format in PLAIN and not image.has_transparency_data
            memory = width * height * (PLAIN_BYTES if plain else OTHER_BYTES)
            return Head(_orientation(image), memory, too_large(width, height))
    except Image.DecompressionBombError as error:  # twice Pillow's own limit
        (pixels,) = re.findall(r"\((\d+) pixels\)", str(error)) or [2 * MAX_PIXELS]
        reason = f"too large: {int(pixels):,} pixels, at most {MAX_PIXELS:,}"
        return Head(too_large=reason)
    except Exception:  # of whatever kind: the decoder will tell
        return Head()


def _orientation(image):
    if image.format == "TIFF":
        return 1  # Pillow turns it as it decodes it
    try:
        found = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # of whatever kind: the picture may be good all the same
        return 1
    return found if found in range(1, 9) else 1


def _no_warnings():
    return warnings.catch_warnings(action="ignore")  # Pillow's, of a broken block


def _nothing_found(folder):
    from kerassl.data.text import count_suffixes

    found = {path.suffix.lower() for path in files_below(folder)}
    message = (
        f"No image files in {folder} ({', '.join(SUFFIXES)}); found "
        f"{count_suffixes(folder)}."
    )
    if found & set(PHONE_SUFFIXES):
        message += " Photographs of a phone must be turned into JPEG first."
    return message
