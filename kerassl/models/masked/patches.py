"""What tasks of hidden patches ask of an encoder and of a pretext layer."""

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
