"""Images as rows of patches, and some of the rows of each example."""

from keras import ops

from kerassl.checks import check_width
from kerassl.errors import InvalidValue


def patches_of(images, patch_size: int):
    """Returns the patches of images, each as the row of its numbers.

    Args:
        images: Tensor (batch, height, width, channels) of known sides that are
            multiples of `patch_size`.
        patch_size: Side of a patch in pixels.

    Returns:
        Tensor (batch, patches, patch_size * patch_size * channels), patches row by
        row, and in a patch its pixels row by row, the channels of a pixel together.

    Raises:
        ValueError: If the patches do not fill the images.

    Example:
        >>> patches_of(ops.ones((2, 8, 12, 3)), 4).shape
        TensorShape([2, 6, 48])
    """
    check_width(patch_size=patch_size)
    height, width, channels = images.shape[1:]
    if height % patch_size or width % patch_size:
        raise InvalidValue(
            f"`images` must have sides that are multiples of {patch_size}. Received: "
            f"{height} x {width}"
        )
    rows, columns = height // patch_size, width // patch_size
    x = ops.reshape(images, (-1, rows, patch_size, columns, patch_size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, rows * columns, patch_size * patch_size * channels))


def images_of(patches, grid, patch_size: int):
    """Returns the images that `patches_of` cut.

    Args:
        patches: Tensor (batch, rows * columns, patch_size * patch_size * channels).
        grid: (rows, columns) of patches.
        patch_size: Side of a patch in pixels.

    Returns:
        Tensor (batch, rows * patch_size, columns * patch_size, channels).

    Example:
        >>> images_of(ops.ones((2, 6, 48)), (2, 3), 4).shape
        TensorShape([2, 8, 12, 3])
    """
    rows, columns = grid
    channels = patches.shape[-1] // patch_size**2
    x = ops.reshape(patches, (-1, rows, columns, patch_size, patch_size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (-1, rows * patch_size, columns * patch_size, channels))


def take_rows(values, indices):
    """Returns some of the rows of each example, in a given order.

    Args:
        values: Tensor (batch, rows, dim), `rows` known.
        indices: Integer tensor (batch, taken), from 0 to rows - 1.

    Returns:
        Tensor (batch, taken, dim).

    Example:
        >>> values = ops.reshape(ops.arange(6), (2, 3, 1))
        >>> take_rows(values, ops.convert_to_tensor([[2, 0], [1, 1]]))[..., 0].numpy()
        array([[2, 0],
               [4, 4]], dtype=int32)
    """
    rows, dim = values.shape[1:]
    starts = rows * ops.arange(ops.shape(values)[0], dtype="int32")
    flat = ops.reshape(values, (-1, dim))
    return ops.take(flat, ops.cast(indices, "int32") + starts[:, None], axis=0)
