"""What every convolution of a network has seen, on one small grid."""

import keras
from keras import layers

from kerassl.checks import check_width
from kerassl.errors import InvalidValue


def layer_grids(encoder, grid: int = 4):
    """Returns the encoder whose features are the maps of all convolutions.

    Each map, after its activation, is max-pooled to a small grid; all of them are
    flattened and joined, as DCGAN's authors measure a discriminator. The weights
    are shared with `encoder`.

    Args:
        encoder: A functional `keras.Model` from images, a chain of convolutions,
            such as `kerassl.encoders.dcgan_discriminator` gives.
        grid: Cells along each side of a pooled map, 1 or more. A side that is no
            multiple of it is pooled to as many cells as fit; one that is smaller
            stays as it is.

    Returns:
        A functional `keras.Model` from images to features (batch, dim), plain
        Keras.

    Raises:
        ValueError: If `grid` is below 1, or the encoder has no convolution.

    Example:
        >>> from kerassl.encoders import dcgan_discriminator
        >>> layer_grids(dcgan_discriminator((28, 28, 1), widths=(4, 6))).output_shape
        (None, 160)

    Reference:
        Radford et al., 2015, section 5.1, https://arxiv.org/abs/1511.06434
    """
    check_width(grid=grid)
    maps = [
        _pooled(layer.output, grid, f"grid{i}", layer.dtype_policy)
        for i, layer in enumerate(_activated(encoder), start=1)
    ]
    if not maps:
        raise InvalidValue(
            "`encoder` must be a chain of convolutions, each with an activation "
            f"behind it. Received: {encoder.name}, which has none"
        )
    features = maps[0] if len(maps) == 1 else layers.Concatenate(name="grids")(maps)
    return keras.Model(encoder.input, features, name=f"{encoder.name}_grids")


def _activated(encoder):
    """Returns the layers whose outputs are maps: the activation of each block."""
    found = []
    for layer in getattr(encoder, "layers", ()):
        if isinstance(layer, layers.Conv2D):
            found.append(layer)
        elif found and isinstance(layer, (layers.LeakyReLU, layers.ReLU)):
            found[-1] = layer
    return found


def _pooled(maps, grid, name, dtype):
    size = tuple(-(-side // grid) for side in maps.shape[1:3])
    pool = layers.MaxPooling2D(size, padding="same", dtype=dtype, name=name)
    return layers.Flatten(dtype=dtype, name=f"{name}_flat")(pool(maps))
