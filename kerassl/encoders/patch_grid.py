"""An encoder of patches, laid over an image as a grid of overlapping ones."""

from collections.abc import Sequence

import keras
from keras import layers, ops

from kerassl.allowed import part
from kerassl.checks import check_image_shape, check_width
from kerassl.encoders.plain_cnn import pool_to_grid
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidType, InvalidValue

MAP = "patch_map"


@part("encoder")
def patch_grid(
    encoder: keras.Model,
    input_shape: Sequence[int],
    stride: int,
    grid: int | None = None,
    name: str = "patch_grid",
):
    """Returns an encoder of images that encodes each patch of them by itself.

    The image is cut into square patches, which overlap where the stride is less
    than their side. One encoder gives a vector for each, so none knows of its
    neighbours: what a vector tells of another patch must be in the image, and
    nothing of it is in the network. That holds in training too only if the encoder
    normalises no batch: `kerassl.encoders.conv` does not, `resnet` by
    `norm="layer"`.

    Args:
        encoder: A functional `keras.Model` from square patches (batch, side, side,
            channels) to a vector, a feature map or tokens, which are averaged.
        input_shape: (height, width, channels) of the images, in pixels.
        stride: Pixels from one patch to the next, half of their side in the paper.
        grid: Places along each side to which the map is averaged, which are then
            flattened, as in `kerassl.encoders.plain_cnn`; None for the map itself.
        name: Model name.

    Returns:
        `keras.Model` from (batch, height, width, channels) to (batch, rows, columns,
        dim), or with `grid` to (batch, grid * grid * dim). The output of its layer
        "patch_map" is the map.

    Raises:
        ValueError: If patches and image do not fit, or the map has fewer places than
            `grid`.
        TypeError: If `encoder` is no `keras.Model`.

    Example:
        >>> from kerassl.encoders import conv
        >>> encoder = patch_grid(conv((4, 4, 1), (8,), 16), (8, 8, 1), stride=2)
        >>> encoder.output_shape
        (None, 3, 3, 16)

    References:
        van den Oord et al., 2018, section 3.2, https://arxiv.org/abs/1807.03748
        Hénaff et al., 2020, section 2.1, https://arxiv.org/abs/1905.09272
    """
    if not isinstance(encoder, keras.Model):
        raise InvalidType(f"`encoder` must be a keras.Model. Received: {encoder!r}")
    check_image_shape("input_shape", input_shape)
    check_width(stride=stride)
    if grid is not None:
        check_width(grid=grid)
    shape = tuple(encoder.input_shape[1:])
    _check_fits(shape, tuple(input_shape))
    inputs = keras.Input(tuple(input_shape), name="images")
    patches = _cut(inputs, shape[0], stride)
    rows, columns = patches.shape[1:3]
    features = feature_model(encoder)
    features.name = "patch_encoder"
    vectors = features(ops.reshape(patches, [-1, *shape]))
    grown = ops.reshape(vectors, [-1, rows, columns, vectors.shape[-1]])
    # A plain layer, whose output is that of this model, has the map's name.
    policy = encoder.layers[-1].dtype_policy.name
    outputs = layers.Identity(dtype=policy, name=MAP)(grown)
    if grid is not None:
        outputs = pool_to_grid(outputs, grid, policy)
    return keras.Model(inputs, outputs, name=name)


def _cut(images, side, stride):
    """Returns the patches, (batch, rows, columns, side, side, channels)."""
    lines, columns = (
        [list(range(start, start + side)) for start in range(0, n - side + 1, stride)]
        for n in images.shape[1:3]
    )
    strips = ops.take(images, lines, axis=1)  # (batch, rows, side, width, channels)
    patches = ops.take(strips, columns, axis=3)
    return ops.transpose(patches, [0, 1, 3, 2, 4, 5])


def _check_fits(patch, image):
    if len(patch) != 3 or patch[0] != patch[1] or patch[2] != image[2]:
        raise InvalidValue(
            "`encoder` must take square patches with the channels of the image. "
            f"Received: {patch} for images of {image}"
        )
    if patch[0] > min(image[:2]):
        raise InvalidValue(
            "`encoder` must take patches that are no larger than the image. Received: "
            f"{patch} for images of {image}"
        )
