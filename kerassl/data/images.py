"""Folders of image files as a source."""

import concurrent.futures
import io
import os
import pathlib
import re
import warnings

import numpy as np

from kerassl.data.files import files_below
from kerassl.data.source import Source
from kerassl.errors import InvalidValue

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
TEXT_SUFFIXES = (".txt", ".text", ".md", ".jsonl", ".csv", ".tsv", ".gz", ".xz")
# Decoded images up to this many bytes are kept, so that a file is read once.
CACHE_BYTES = 1 << 30
PROGRESS_FILES = 2_000
JPEG_SIGNATURE = b"\xff\xd8\xff"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# EXIF's tag of how the camera was held, from 1, upright, to 8. Rows and columns
# are swapped first, then mirrored left-right, then upside down.
ORIENTATION_TAG = 0x0112
SWAPPED, MIRRORED, TURNED_OVER = (5, 6, 7, 8), (2, 3, 6, 7), (3, 4, 7, 8)


class ImageFolder(Source):
    """Images in a folder and its subfolders, as squares of one size.

    The largest centred square of each image is cut out and resized with
    antialiasing. JPEG (also CMYK), PNG, BMP, WebP and GIF are read, of an animation
    the first frame; grey images are repeated over the channels and transparent
    ones laid on white. Photographs are turned upright as EXIF says how the camera
    was held. Links are followed; hidden files and folders are left out.

    Subfolders are classes when every image lies in one of two or more of
    them: `labels` and `class_names` are then set.

    All files are decoded once at the start. What cannot be decoded is left
    out, counted in `num_skipped` and named in `skipped`.

    Args:
        path: The folder.
        size: Height and width of the images, in pixels.
        channels: 3 for RGB, 1 for grey.
        cache: Whether the decoded images stay in memory; None keeps them
            when they take at most 1 GiB.

    Raises:
        FileNotFoundError: If there is no such folder, or it has no images.
        NotADirectoryError: If `path` is a file.
        ValueError: If no image can be decoded, or an option is invalid.

    Example:
        >>> source = ImageFolder("photos", size=96)  # doctest: +SKIP
        >>> source.fetch([0, 1]).shape  # doctest: +SKIP
        TensorShape([2, 96, 96, 3])
    """

    def __init__(self, path, size=96, channels=3, *, cache=None):
        super().__init__()
        import tensorflow as tf

        if channels not in (1, 3):
            raise InvalidValue(f"`channels` must be 1 or 3. Received: {channels}")
        if not isinstance(size, int) or size < 1:
            raise InvalidValue(f"`size` must be a positive integer. Received: {size!r}")
        self.path = pathlib.Path(path).expanduser()
        self.size, self.channels = size, channels
        files = find_image_files(self.path)
        if cache is None:
            cache = len(files) * size * size * channels <= CACHE_BYTES
        # Bytes, since a name need not be UTF-8.
        self._paths = tf.constant([os.fsencode(file) for file in files])
        self._orientations = tf.constant(read_orientations(files))
        self._images = None
        good, images = self._verify(files, keep=cache)
        if not len(good):
            first = "; ".join(f"{s.where}: {s.reason}" for s in self.skipped[:3])
            raise InvalidValue(
                f"None of the {len(files)} images in {self.path} can be decoded: "
                f"{first}"
            )
        self.files = [files[i] for i in good]
        self._bytes = sum(file.stat().st_size for file in self.files)
        self._paths = tf.gather(self._paths, good)
        self._orientations = tf.gather(self._orientations, good)
        if cache:
            with tf.device("/cpu:0"):
                self._images = tf.constant(images)
        self._set_labels()

    def __len__(self):
        return len(self.files)

    def fetch(self, indices):
        import tensorflow as tf

        if self._images is not None:
            return tf.gather(self._images, indices)
        return tf.map_fn(
            self._load,
            tf.convert_to_tensor(indices, tf.int64),
            fn_output_signature=tf.TensorSpec(self._shape, tf.uint8),
            parallel_iterations=16,
        )

    def describe(self):
        return {
            **super().describe(),
            "path": str(self.path),
            "bytes": self._bytes,
            "image_shape": list(self._shape),
            "classes": len(self.class_names or ()),
        }

    @property
    def _shape(self):
        return (self.size, self.size, self.channels)

    def _load(self, i):
        import tensorflow as tf

        data = tf.io.read_file(tf.gather(self._paths, i))
        orientation = tf.gather(self._orientations, i)
        return decode_image(data, self.size, self.channels, orientation)

    def _verify(self, files, keep):
        """Returns the numbers of the decodable files, and images to keep."""
        import tensorflow as tf
        from rich.console import Console
        from rich.progress import track

        decoded = (
            tf.data.Dataset.range(len(files))
            .map(
                lambda i: (i, self._load(i)),
                num_parallel_calls=tf.data.AUTOTUNE,
            )
            .ignore_errors()
        )
        good = []
        images = np.empty((len(files), *self._shape), np.uint8) if keep else None
        for i, image in track(
            decoded.prefetch(tf.data.AUTOTUNE).as_numpy_iterator(),
            description="Reading images",
            total=len(files),
            console=Console(stderr=True),
            disable=len(files) < PROGRESS_FILES,
        ):
            if keep:
                images[len(good)] = image
            good.append(int(i))
        for i in np.setdiff1d(np.arange(len(files)), good):
            self.skip(files[i], _failure(self._load, files, i))
        return np.array(good, np.int64), images[: len(good)] if keep else None

    def _set_labels(self):
        parts = [file.relative_to(self.path).parts for file in self.files]
        names = sorted({part[0] for part in parts})
        if min(map(len, parts)) < 2 or len(names) < 2:
            return
        number = {name: i for i, name in enumerate(names)}
        self.labels = np.array([number[part[0]] for part in parts], np.int64)
        self.class_names = tuple(names)


def decode_image(data, size, channels=3, orientation=1):
    """Returns the centred square of a coded image, in graph.

    Args:
        data: Scalar string tensor, the content of an image file.
        size: Height and width of the result, in pixels.
        channels: 3 for RGB, 1 for grey.
        orientation: Scalar integer from 1 to 8, as EXIF numbers how the
            camera was held; the result is upright.

    Returns:
        uint8 tensor of shape (size, size, channels).

    Raises:
        InvalidArgumentError: If the data is no image that can be decoded.
    """
    import tensorflow as tf

    data = tf.convert_to_tensor(data)
    is_png = tf.strings.substr(data, 0, len(PNG_SIGNATURE)) == PNG_SIGNATURE
    image = tf.cond(is_png, lambda: _on_white(data), lambda: _decode(data))
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    side = tf.minimum(height, width)
    image = tf.image.crop_to_bounding_box(
        image, (height - side) // 2, (width - side) // 2, side, side
    )
    image = tf.image.resize(image, (size, size), antialias=True)
    image = _upright(image, orientation)
    if channels == 1:
        image = tf.image.rgb_to_grayscale(image)
    image = tf.cast(tf.round(tf.clip_by_value(image, 0.0, 255.0)), tf.uint8)
    image.set_shape((size, size, channels))
    return image


def _upright(image, orientation):
    """Turns a square image as EXIF says."""
    import tensorflow as tf

    for orientations, turn in (
        (SWAPPED, tf.image.transpose),
        (MIRRORED, tf.image.flip_left_right),
        (TURNED_OVER, tf.image.flip_up_down),
    ):
        turned = tf.reduce_any(tf.equal(orientation, orientations))
        image = tf.where(turned, turn(image), image)
    return image


def read_orientations(files):
    """Returns EXIF's orientation of image files, read from their heads alone.

    Args:
        files: List of paths.

    Returns:
        int32 array (files,), from 1 to 8; 1, upright, where a file does not
        say so or cannot be read.
    """
    with concurrent.futures.ThreadPoolExecutor() as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of a broken block
        return np.array(list(pool.map(_orientation, files)), np.int32)


def _orientation(file):
    from PIL import Image

    try:
        with Image.open(file) as image:
            found = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # of whatever kind: the picture may be good all the same
        return 1
    return found if found in range(1, 9) else 1


def _on_white(data):
    """Decodes a PNG; its transparent pixels become white."""
    import tensorflow as tf

    # As it is stored: asked for four channels, TensorFlow gives an image with a
    # palette of 16 colours or fewer an alpha of 15 or less, nearly transparent.
    image = tf.cast(tf.io.decode_png(data), tf.float32)
    channels = tf.shape(image)[-1]
    has_alpha = channels % 2 == 0  # 2, grey and alpha, or 4
    alpha = tf.where(has_alpha, image[..., -1:], 255.0) / 255.0
    colors = image[..., : channels - tf.cast(has_alpha, tf.int32)]
    return colors * tf.ones(3) * alpha + 255.0 * (1.0 - alpha)


def _decode(data):
    """Decodes a JPEG, or whatever else there is, first frame, on white."""
    import tensorflow as tf

    is_jpeg = tf.strings.substr(data, 0, len(JPEG_SIGNATURE)) == JPEG_SIGNATURE
    image = tf.cond(
        is_jpeg,
        lambda: tf.io.decode_jpeg(data, channels=3),
        # TensorFlow reads no WebP with transparency, makes the transparent parts
        # of a GIF black, and takes a BMP's palette for shades of grey.
        lambda: tf.numpy_function(_by_pillow, [data], tf.uint8, stateful=False),
    )
    image.set_shape((None, None, 3))
    return tf.cast(image, tf.float32)


def _by_pillow(data):
    from PIL import Image, UnidentifiedImageError

    data = data if isinstance(data, bytes) else data.item()  # an array, if eager
    try:
        with Image.open(io.BytesIO(data)) as image:
            layer = image.convert("RGBA")
    except UnidentifiedImageError:
        raise InvalidValue("no image, or of an unknown format") from None
    white = Image.new("RGBA", layer.size, "white")
    return np.asarray(Image.alpha_composite(white, layer).convert("RGB"))


def find_image_files(folder):
    """Returns the sorted image files in a folder and its subfolders.

    Raises:
        FileNotFoundError: If the folder is missing or holds no images; the
            message says what it holds instead.
        NotADirectoryError: If `folder` is a file.
    """
    folder = pathlib.Path(folder)
    if not folder.exists():
        raise FileNotFoundError(
            f"There is no folder {str(folder)!r} (looked from {pathlib.Path.cwd()})."
        )
    if not folder.is_dir():
        raise NotADirectoryError(
            f"Images are read from a folder. Received a file: {str(folder)!r}"
        )
    files = [path for path in files_below(folder) if path.suffix.lower() in SUFFIXES]
    if not files:
        raise FileNotFoundError(_nothing_found(folder))
    return files


def _nothing_found(folder):
    from kerassl.data.text import count_suffixes

    found = [path.suffix.lower() for path in files_below(folder)]
    message = (
        f"No image files in {folder} ({', '.join(SUFFIXES)}); found "
        f"{count_suffixes(folder)}."
    )
    if any(suffix in TEXT_SUFFIXES for suffix in found):
        message += " Text files go to a text preset, such as bert_tiny."
    return message


def _failure(load, files, i):
    """Returns in a few words why a file cannot be decoded."""
    if files[i].stat().st_size == 0:
        return "empty file"
    try:
        load(i)
    except Exception as error:  # whatever the decoder raises is the reason
        message = str(getattr(error, "message", error))
        # TensorFlow names the node in the graph, which says nothing of the file.
        message = re.sub(r"\{\{.*?\}\} ?| \[Op:.*", "", message, flags=re.DOTALL)
        lines = message.strip().splitlines()
        return lines[0][:200] if lines else type(error).__name__
    return "could not be decoded"
