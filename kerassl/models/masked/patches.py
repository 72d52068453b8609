"""What tasks of hidden patches ask of an encoder and of a pretext layer."""

import numpy as np
import tensorflow as tf

from kerassl.checks import check_width
from kerassl.errors import InvalidValue
from kerassl.layers.patch_embedding import PatchEmbedding


def patch_embedding(encoder, pretext=None):
    """Returns the layer of an encoder that makes patches tokens.

    Args:
        encoder: A `keras.Model` such as `kerassl.encoders.vit` gives.
        pretext: The pretext layer that says which patches are hidden, or None.

    Raises:
        ValueError: If the encoder has no such layer or gives no tokens, or the
            pretext layer counts other patches.

    Example:
        >>> from kerassl.encoders import vit
        >>> encoder = vit((8, 8, 1), 4, num_layers=1, num_heads=1, hidden_dim=4)
        >>> patch_embedding(encoder).grid
        (2, 2)
    """
    layers = getattr(encoder, "layers", ())
    found = [layer for layer in layers if isinstance(layer, PatchEmbedding)]
    if len(found) != 1:
        raise InvalidValue(
            "`encoder` must begin with a kerassl.layers.PatchEmbedding, as "
            f"kerassl.encoders.vit does. Received: {type(encoder).__name__} "
            f"{encoder.name!r}"
        )
    (layer,) = found
    shape = encoder.output_shape
    if len(shape) != 3:
        raise InvalidValue(
            "`encoder` must give the tokens of all patches, as with "
            f"output='tokens'. Received an output of shape {shape}"
        )
    if layer.patch_size[0] != layer.patch_size[1]:
        raise InvalidValue(
            f"`encoder` must have square patches. Received: {layer.patch_size}"
        )
    _check_counts(layer, pretext)
    return layer


def check_decoder(decoder_dim, decoder_layers, decoder_heads):
    """Raises unless a decoder of these sizes can be made.

    Args:
        decoder_dim: Its width, a multiple of `decoder_heads` and of 4.
        decoder_layers: Its Transformer blocks.
        decoder_heads: Its attention heads.

    Example:
        >>> check_decoder(6, 1, 2)
        Traceback (most recent call last):
        ...
        kerassl.errors.InvalidValue: `decoder_dim` must be a multiple of \
`decoder_heads` and of 4. Received: 6 and 2
    """
    check_width(decoder_dim=decoder_dim, decoder_layers=decoder_layers)
    check_width(decoder_heads=decoder_heads)
    if decoder_dim % decoder_heads or decoder_dim % 4:
        raise InvalidValue(
            "`decoder_dim` must be a multiple of `decoder_heads` and of 4. "
            f"Received: {decoder_dim} and {decoder_heads}"
        )


def masked_views(pretext, inputs):
    """Returns what pictures of a task with hidden patches begin with.

    Args:
        pretext: A `kerassl.pretext.MaskedPatches`.
        inputs: Raw images. The masks are the same in every call.

    Returns:
        The batch, a dict of NumPy arrays; its views in [0, 1]; and these with grey
        in the place of what is hidden.
    """
    (x,) = pretext(inputs, seed=tf.constant([0, 0], "int64"))
    x = {key: np.asarray(value) for key, value in x.items()}
    shown = pretext.values(x["images"])
    return x, shown, pretext.masked(shown, x["hidden"])


def _check_counts(layer, pretext):
    """Raises if the pretext layer has patches of another number or size."""
    size, patch = (getattr(pretext, name, None) for name in ("size", "patch_size"))
    if size is None or patch is None:
        return
    if (size, size) != layer.image_size or (patch, patch) != layer.patch_size:
        height, width = layer.image_size
        raise InvalidValue(
            f"`pretext` must cut images as the encoder does, {height} x {width} pixels "
            f"into patches of {layer.patch_size[0]}. Received: {size} x {size} pixels, "
            f"patches of {patch}"
        )
