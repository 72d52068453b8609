"""From the content of an image file to a square of pixels, in graph."""

import io

import numpy as np

from kerassl.data.image_files import MAX_PIXELS, open_image, too_large
from kerassl.errors import InvalidValue

JPEG_SIGNATURE = b"\xff\xd8\xff"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Width and height of a PNG, big-endian.
PNG_SIDES = 16, 8
# Rows and columns are swapped first, then mirrored left-right, then upside down.
SWAPPED, MIRRORED, TURNED_OVER = (5, 6, 7, 8), (2, 3, 6, 7), (3, 4, 7, 8)


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
        InvalidArgumentError: If the data is no image that can be decoded, or one of
            too many pixels.
    """
    import tensorflow as tf

    data = tf.convert_to_tensor(data)
    is_png = tf.strings.substr(data, 0, len(PNG_SIGNATURE)) == PNG_SIGNATURE
    is_jpeg = tf.strings.substr(data, 0, len(JPEG_SIGNATURE)) == JPEG_SIGNATURE
    image = tf.cond(
        is_png,
        lambda: _png(data, size),
        lambda: tf.cond(is_jpeg, lambda: _jpeg(data, size), lambda: _other(data, size)),
    )
    image = _upright(image, orientation)
    if channels == 1:
        image = tf.image.rgb_to_grayscale(image)
    image = tf.cast(tf.round(tf.clip_by_value(image, 0.0, 255.0)), tf.uint8)
    image.set_shape((size, size, channels))
    return image


def _png(data, size):
    import tensorflow as tf

    sides = tf.strings.substr(data, *PNG_SIDES)
    sides = tf.io.decode_raw(sides, tf.int32, little_endian=False)
    with tf.control_dependencies(_check_pixels(sides)):
        # As it is stored: asked for four channels, TensorFlow gives an image with a
        # palette of 16 colours or fewer an alpha of 15 or less, nearly transparent.
        image = _square(tf.io.decode_png(data))
    has_alpha = tf.shape(image)[-1] % 2 == 0  # 2, grey and alpha, or 4
    image = tf.cond(
        has_alpha,
        lambda: _resized(_on_white(image), size),
        lambda: _resized(image, size),
    )
    return _three(image, size)


def _jpeg(data, size):
    import tensorflow as tf

    *sides, colors = tf.unstack(tf.io.extract_jpeg_shape(data))
    with tf.control_dependencies(_check_pixels(sides)):
        # Of four colours the fast method makes others where they are full.
        image = tf.cond(
            colors == 4,
            lambda: tf.io.decode_jpeg(data, 3, dct_method="INTEGER_ACCURATE"),
            lambda: tf.io.decode_jpeg(data, 3),
        )
        return _three(_resized(_square(image), size), size)


def _other(data, size):
    import tensorflow as tf

    # TensorFlow reads no WebP with transparency, makes the transparent parts of a
    # GIF black, and takes a BMP's palette for shades of grey.
    image = tf.numpy_function(_by_pillow, [data], tf.uint8, stateful=False)
    image.set_shape((None, None, 3))
    return _three(_resized(image, size), size)


def _check_pixels(sides):
    import tensorflow as tf

    pixels = tf.reduce_prod(tf.cast(sides, tf.int64))
    message = f"too large: at most {MAX_PIXELS:,} pixels are decoded"
    return [tf.debugging.Assert((pixels > 0) & (pixels <= MAX_PIXELS), [message])]


def _square(image):
    import tensorflow as tf

    height, width = tf.shape(image)[0], tf.shape(image)[1]
    side = tf.minimum(height, width)
    return tf.image.crop_to_bounding_box(
        image, (height - side) // 2, (width - side) // 2, side, side
    )


def _resized(image, size):
    import tensorflow as tf

    # Bytes as they are: floats would take four times the memory.
    return tf.image.resize(image, (size, size), antialias=True)


def _three(image, size):
    """Repeats grey over three channels."""
    import tensorflow as tf

    return tf.ensure_shape(image * tf.ones(3), (size, size, 3))


def _on_white(image):
    """Returns an image without its last channel; transparent pixels become white."""
    import tensorflow as tf

    image = tf.cast(image, tf.float32)
    alpha = image[..., -1:] / 255.0
    return image[..., :-1] * alpha + 255.0 * (1.0 - alpha)


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


def _by_pillow(data):
    """Returns the centred square of an image's first frame, on white."""
    from PIL import UnidentifiedImageError

    data = data if isinstance(data, bytes) else data.item()  # an array, if eager
    try:
        with open_image(io.BytesIO(data)) as image:
            if reason := too_large(*image.size):
                raise InvalidValue(reason)
            image.load()
            return np.asarray(_opaque(_central(_eight_bits(image))))
    except UnidentifiedImageError:
        raise InvalidValue("no image, or of an unknown format") from None


def _central(image):
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _eight_bits(image):
    """Returns an image whose grey has 8 bits, which Pillow would clip to them."""
    from PIL import Image

    if image.mode.startswith("I;16") or (image.mode, image.format) == ("I", "PPM"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise InvalidValue("pixels of 32 bits, expected 8 or 16")
    return image


def _opaque(image):
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")
