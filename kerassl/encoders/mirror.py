"""The decoder that undoes an encoder layer by layer."""

import keras
from keras import layers

from kerassl.errors import InvalidValue

# Layers without a shape of their own: the mirror does without them.
PASSED_OVER = (
    layers.InputLayer,
    layers.Activation,
    layers.ReLU,
    layers.Dropout,
    layers.BatchNormalization,
    layers.LayerNormalization,
)


def mirror(encoder, activation: str = "relu", name: str = "decoder"):
    """Returns the mirror image of an encoder: from features to examples.

    The encoder's layers are undone from the last to the first: a dense layer
    by a dense layer, a convolution by a transposed one, a flattening by a
    reshaping. The last layer has no activation, so its outputs are logits or
    plain values. It has the encoder's dtype policy.

    Args:
        encoder: A `keras.Model` that is a plain chain of dense layers,
            two-dimensional convolutions, flattening, reshaping, activations,
            normalisation and dropout, such as `kerassl.encoders.dense` or
            `kerassl.encoders.conv` gives.
        activation: Activation of all layers but the last.
        name: Model name.

    Returns:
        `keras.Model` from `encoder.output_shape` to `encoder.input_shape`.

    Raises:
        ValueError: If the encoder is no such chain.

    Example:
        >>> from kerassl.encoders import dense
        >>> [layer.units for layer in mirror(dense(784)).layers[1:]]
        [128, 256, 784]
    """
    chain = _chain(encoder)
    weighted = [i for i, layer in enumerate(chain) if _has_mirror_weights(layer)]
    policy = encoder.layers[-1].dtype_policy
    inputs = keras.Input(encoder.output_shape[1:], name="features")
    x = inputs
    for i in reversed(range(len(chain))):
        is_last = bool(weighted) and i == weighted[0]
        # Names by the place in the decoder, so that they do not depend on how
        # many models were made before.
        options = {"dtype": policy, "name": f"undo{len(chain) - i}"}
        if _has_mirror_weights(chain[i]):
            options["activation"] = None if is_last else activation
        x = _undo(chain[i], x, options)
    return keras.Model(inputs, x, name=name)


def _chain(encoder):
    """Returns the layers to undo, in the encoder's order."""
    shapes = (encoder.input_shape, encoder.output_shape)
    if any(not isinstance(s, tuple) or None in s[1:] for s in shapes):
        raise InvalidValue(
            "`encoder` must have one input and one output of known shapes to be "
            f"mirrored. Received: {shapes[0]} and {shapes[1]}. Pass a decoder."
        )
    chain = []
    shape = encoder.input_shape
    for layer in encoder.layers:
        known = (layers.Dense, layers.Conv2D, layers.Flatten, layers.Reshape)
        if isinstance(layer, PASSED_OVER):
            continue
        # A branch shows as a layer whose input is not what came before.
        if not isinstance(layer, known) or layer.input.shape != shape:
            raise InvalidValue(
                "`encoder` must be a plain chain of dense layers, convolutions, "
                "flattening and reshaping to be mirrored. Received the layer "
                f"{layer.name!r}, a {type(layer).__name__}. Pass a decoder."
            )
        shape = layer.output.shape
        chain.append(layer)
    return chain


def _has_mirror_weights(layer):
    return isinstance(layer, (layers.Dense, layers.Conv2D))


def _undo(layer, x, options):
    shape = layer.input.shape[1:]
    if isinstance(layer, layers.Dense):
        return layers.Dense(shape[-1], **options)(x)
    if isinstance(layer, (layers.Flatten, layers.Reshape)):
        return layers.Reshape(shape, **options)(x)
    x = layers.Conv2DTranspose(
        shape[-1],
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        **options,
    )(x)
    # Halving rounds an odd side up, so doubling gives a pixel too many. Without
    # padding, a stride leaves pixels out, which come back as zeros.
    more = [made - old for made, old in zip(x.shape[1:3], shape[:2], strict=True)]
    if min(more) < 0:
        missing = [(0, max(-pixels, 0)) for pixels in more]
        x = layers.ZeroPadding2D(missing, **_named(options, "pad"))(x)
    if max(more) > 0:
        surplus = [(0, max(pixels, 0)) for pixels in more]
        x = layers.Cropping2D(surplus, **_named(options, "crop"))(x)
    return x


def _named(options, ending):
    return {"dtype": options["dtype"], "name": f"{options['name']}_{ending}"}
