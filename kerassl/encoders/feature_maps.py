"""The last map of an encoder, before its places are pooled."""

import keras

from kerassl.encoders.pooling import ends
from kerassl.errors import InvalidValue

_POOLINGS = (keras.layers.AveragePooling2D, keras.layers.MaxPooling2D)


def feature_map_model(encoder):
    """Returns a model from an encoder's images to its last map.

    What follows the map, a pooling or dense layers, is left out. The weights are
    shared.

    Args:
        encoder: A functional `keras.Model` of images, such as
            `kerassl.encoders.resnet` gives.

    Returns:
        A `keras.Model` whose output is a tensor (batch, height, width, dim).

    Raises:
        ValueError: If no layer of `encoder` gives a map.

    Example:
        >>> from kerassl.encoders import resnet
        >>> encoder = resnet((8, 8, 1), depths=(1, 1), widths=(8, 16))
        >>> encoder.output_shape, feature_map_model(encoder).output_shape
        ((None, 16), (None, 4, 4, 16))
    """
    inputs, output, _ = ends(encoder)
    if len(getattr(output, "shape", ())) == 4:
        return keras.Model(inputs, output, name=f"{encoder.name}_map")
    for layer in reversed(getattr(encoder, "layers", [])):
        made = getattr(layer, "output", None)
        if isinstance(layer, (*_POOLINGS, keras.layers.InputLayer)):
            continue
        if len(getattr(made, "shape", ())) == 4:
            return keras.Model(inputs, made, name=f"{encoder.name}_map")
    raise InvalidValue(
        "`encoder` must be a functional keras.Model of images that has a map (batch, "
        f"height, width, dim) before it is pooled. Received: {encoder.name!r}, of "
        "which no layer gives one."
    )
