"""Image files as a source: those of a folder, or those that a table lists."""

import os
import re

import numpy as np

from kerassl.checks import user_path
from kerassl.data.class_folders import read_test, set_classes, set_labels
from kerassl.data.image_decoding import decode_image
from kerassl.data.image_files import ORIENTATION_TAG as ORIENTATION_TAG
from kerassl.data.image_files import (
    SUFFIXES,
    find_image_files,
    is_image_file,
    read_heads,
)
from kerassl.data.image_files import read_orientations as read_orientations
from kerassl.data.tables import FilesSource, found_files
from kerassl.errors import InvalidType, InvalidValue
from kerassl.progress import track

# Decoded images up to this many bytes are kept, so that a file is read once.
CACHE_BYTES = 1 << 30
PROGRESS_FILES = 2_000
# Memory for the images that are decoded at a time.
DECODING_BYTES = 1 << 31


class ImageFolder(FilesSource):
    """Images in a folder and its subfolders, or of a table, as squares of one size.

    The largest centred square of each image is cut out and resized with
    antialiasing. JPEG (also CMYK), PNG, BMP, WebP, GIF, TIFF, PPM, TGA, AVIF and
    JPEG 2000 are read, of an animation or several pages the first; grey images are
    repeated over the channels and transparent ones laid on white, 16 bits become 8.
    Photographs are turned upright as EXIF says how the camera was held. Links are
    followed; hidden files and folders are left out.

    Subfolders are classes when the images lie in two or more of them: `labels` and
    `class_names` are then set. Where the folders are called `train`, `val` and
    `test`, or alike, the examples are those of `train`, and those of `test`, or
    else of `val`, are the source's `test`. `notes` says what was found.

    A table, a CSV, TSV, JSON, JSON lines or Parquet file, lists images with their
    paths, relative to its own folder, and perhaps their labels. Where it is called
    `train.csv`, or alike, and `test.csv` or else `val.csv` lies beside it, that is
    the source's `test`.

    All files are decoded once at the start. What is no image or cannot be decoded
    is left out, counted in `num_skipped` and named in `skipped`; so are images of
    more than 67 million pixels, before they fill the memory.

    Args:
        path: The folder, or the table.
        size: Height and width of the images, in pixels.
        channels: 3 for RGB, 1 for grey.
        cache: Whether the decoded images stay in memory; None keeps them
            when they take at most 1 GiB.
        field: Of a table: name of the column of paths; None for `path` or
            `file_name`.
        label_field: Of a table: name of the column of labels, strings or integers;
            None for no labels.
        separator: Of a table: the character between cells, as for `TextSource`.

    Raises:
        FileNotFoundError: If there is no such folder, or it has no images.
        NotADirectoryError: If `path` is a file, and no table.
        ValueError: If no image can be decoded, a table lacks a column, or an option
            is invalid.

    Example:
        >>> source = ImageFolder("photos", size=96)  # doctest: +SKIP
        >>> source.fetch([0, 1]).shape  # doctest: +SKIP
        TensorShape([2, 96, 96, 3])
    """

    modality = "image"
    suffixes = SUFFIXES

    @classmethod
    def fitted_options(cls, sections):
        """Returns size and channels that the encoder takes, or the pretext layer."""
        options = {}
        if "input_shape" in sections.get("encoder", {}):
            shape = sections["encoder"]["input_shape"]
            options["size"], *_, options["channels"] = shape
        pretext = sections.get("pretext", {})
        for name in ("size", "channels"):
            if pretext.get(name) is not None:
                options[name] = pretext[name]
        return options

    @classmethod
    def reads(cls, file):
        """Tells whether a file is an image, by its name or else its first bytes."""
        return is_image_file(file)

    def __init__(
        self,
        path,
        size=96,
        channels=3,
        *,
        cache=None,
        field=None,
        label_field=None,
        separator=None,
    ):
        super().__init__()
        import tensorflow as tf

        from kerassl.augment.image import check_side

        if channels not in (1, 3) or isinstance(channels, bool):
            raise InvalidValue(f"`channels` must be 1 or 3. Received: {channels!r}")
        check_side("size", size)
        if cache not in (None, True, False):
            raise InvalidType(f"`cache` must be a bool or None. Received: {cache!r}")
        self.path = user_path(path, "path")
        self.size, self.channels = size, channels
        table = {"field": field, "label_field": label_field, "separator": separator}
        files, classes, test = found_files(self.path, find_image_files, self, **table)
        if cache is None:
            cache = len(files) * size * size * channels <= CACHE_BYTES
        # Bytes, since a name need not be UTF-8.
        self._paths = tf.constant([os.fsencode(file) for file in files])
        heads = read_heads(files)
        self._orientations = tf.constant([head.orientation for head in heads])
        self._images = None
        good, images = self._verify(files, heads, keep=cache)
        if not len(good):
            first = "; ".join(f"{s.where}: {s.reason}" for s in self.skipped[-3:])
            raise InvalidValue(
                f"None of the {len(files)} images in {self.path} can be decoded: "
                f"{first}"
            )
        self.take([files[i] for i in good])
        self._paths = tf.gather(self._paths, good)
        self._orientations = tf.gather(self._orientations, good)
        if cache:
            with tf.device("/cpu:0"):
                self._images = tf.constant(images)
        classes = classes and [classes[i] for i in good]
        (set_classes if label_field is None else set_labels)(self, classes)
        if test is not None:
            options = {"size": size, "channels": channels, "cache": cache, **table}
            read_test(self, lambda: ImageFolder(test, **options))

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
            parallel_iterations=self._parallel,
        )

    def describe(self):
        return {
            **super().describe(),
            "image_shape": list(self._shape),
        }

    @property
    def _shape(self):
        return (self.size, self.size, self.channels)

    def _load(self, i):
        import tensorflow as tf

        data = tf.io.read_file(tf.gather(self._paths, i))
        orientation = tf.gather(self._orientations, i)
        return decode_image(data, self.size, self.channels, orientation)

    def _verify(self, files, heads, keep):
        """Returns the numbers of the decodable files, and images to keep."""
        import tensorflow as tf

        fitting = [i for i, head in enumerate(heads) if not head.too_large]
        # As many at a time as fit in memory together.
        largest = max([1, *(heads[i].memory for i in fitting)])
        most = min(16, 2 * (os.cpu_count() or 1))
        self._parallel = max(1, min(DECODING_BYTES // largest, most))

        # Else TensorFlow reads the source code of all that is called, for 2 s.
        @tf.autograph.experimental.do_not_convert
        def numbered(i):
            return i, self._load(i)

        decoded = (
            tf.data.Dataset.from_tensor_slices(np.array(fitting, np.int64))
            .map(numbered, num_parallel_calls=self._parallel)
            .ignore_errors()
        )
        good = []
        images = np.empty((len(files), *self._shape), np.uint8) if keep else None
        for i, image in track(
            decoded.prefetch(tf.data.AUTOTUNE).as_numpy_iterator(),
            "Reading images",
            total=len(fitting),
            shown=len(files) >= PROGRESS_FILES,
        ):
            if keep:
                images[len(good)] = image
            good.append(int(i))
        for i in np.setdiff1d(np.arange(len(files)), good):
            reason = heads[i].too_large or _failure(self._load, files, i)
            self.skip(files[i], reason)
        return np.array(good, np.int64), images[: len(good)] if keep else None


def _failure(load, files, i):
    """Returns in a few words why a file cannot be decoded."""
    try:
        with open(files[i], "rb") as file:
            if not file.read(1):
                return "empty file"
    except OSError as error:  # it may be gone by now
        return f"not read: {error.strerror}"
    try:
        load(i)
    except Exception as error:  # whatever the decoder raises is the reason
        message = str(getattr(error, "message", error))
        # TensorFlow names the node in the graph, which says nothing of the file.
        message = re.sub(r"\{\{.*?\}\} ?| \[Op:.*", "", message, flags=re.DOTALL)
        lines = message.strip().splitlines()
        return lines[0][:200] if lines else type(error).__name__
    return "could not be decoded"
