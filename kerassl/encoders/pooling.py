"""One vector per example from any encoder's output."""

import keras
from keras import ops

from kerassl.errors import InvalidValue

POOLINGS = ("auto", "mean", "cls")


def pool(outputs, padding_mask=None, pooling="auto"):
    """Returns one vector per example from an encoder's outputs.

    Knows the shapes that Keras and KerasHub encoders return: a vector, a
    feature map, a token sequence, or a dict that holds a token sequence under
    `"sequence_output"`.

    Args:
        outputs: Tensor of shape (batch, dim), (batch, tokens, dim) or (batch,
            height, width, dim), or a dict with the key `"sequence_output"`.
        padding_mask: Tensor of shape (batch, tokens), 1 at real tokens and 0
            at padding. Only read for token sequences.
        pooling: `"mean"` averages over positions (padding left out), `"cls"`
            takes the first token, `"auto"` is `"mean"`, and leaves a vector
            as it is.

    Returns:
        Float tensor of shape (batch, dim).

    Raises:
        ValueError: If `pooling` is unknown or the outputs have another rank.

    Example:
        >>> tuple(pool(ops.ones((2, 5, 3)), pooling="cls").shape)
        (2, 3)
    """
    if pooling not in POOLINGS:
        raise InvalidValue(
            f"`pooling` must be one of {POOLINGS}. Received: {pooling!r}"
        )
    outputs = sequence_output(outputs)
    rank = len(outputs.shape)
    if rank == 2:
        return outputs
    if rank == 4:
        return ops.mean(outputs, axis=(1, 2))
    if rank != 3:
        raise InvalidValue(
            "`outputs` must have rank 2, 3 or 4 with the batch first. Received "
            f"shape: {tuple(outputs.shape)}"
        )
    if pooling == "cls":
        return outputs[:, 0]
    if padding_mask is None:
        return ops.mean(outputs, axis=1)
    # In float32: a sum over many tokens leaves the range of float16.
    mask = ops.expand_dims(ops.cast(padding_mask, "float32"), -1)
    # A row of padding alone gives zeros rather than NaN.
    count = ops.maximum(ops.sum(mask, axis=1), 1.0)
    mean = ops.sum(ops.cast(outputs, "float32") * mask, axis=1) / count
    return ops.cast(mean, outputs.dtype)  # (batch, dim)


def sequence_output(outputs):
    """Returns the sequence among an encoder's outputs.

    Args:
        outputs: Tensor, or a dict that holds one under `"sequence_output"`.

    Returns:
        The tensor.

    Raises:
        ValueError: If a dict has no such key.

    Example:
        >>> tuple(sequence_output({"sequence_output": ops.ones((2, 5, 3))}).shape)
        (2, 5, 3)
    """
    if not isinstance(outputs, dict):
        return outputs
    if "sequence_output" not in outputs:
        raise InvalidValue(
            "`outputs` is a dict without the key 'sequence_output'. "
            f"Received keys: {sorted(outputs)}. Give an encoder of one of them, as "
            f"keras.Model(encoder.input, encoder.output[{min(outputs)!r}])."
        )
    return outputs["sequence_output"]


def feature_model(encoder, pooling="auto"):
    """Returns a model from the encoder's inputs to one vector per example.

    The model shares the encoder's weights: training one trains the other.

    Args:
        encoder: A functional `keras.Model`, such as `kerassl.encoders.resnet`
            gives, a KerasHub backbone, or a subclassed model that is built.
        pooling: As in `pool`.

    Returns:
        A `keras.Model` whose output is a float32 tensor of shape (batch, dim).

    Raises:
        ValueError: If the inputs of `encoder` are not known.

    Example:
        >>> encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> feature_model(encoder).output_shape
        (None, 3)
    """
    inputs, outputs, mask = ends(encoder)
    vector = pool(outputs, mask, pooling)
    if vector.dtype != "float32":
        vector = keras.layers.Activation("linear", dtype="float32")(vector)
    return keras.Model(inputs, vector, name=f"{encoder.name}_features")


def ends(encoder):
    """Returns the symbolic inputs, outputs and padding mask (or None) of an encoder.

    A subclassed model has inputs once it is built: those of the shape that it was
    built for.

    Args:
        encoder: A functional, Sequential or built subclassed `keras.Model`.

    Raises:
        ValueError: If its inputs are not known.

    Example:
        >>> encoder = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> [None if end is None else end.shape for end in ends(encoder)]
        [(None, 4), (None, 3), None]
    """
    if isinstance(encoder, keras.Sequential) and getattr(encoder, "inputs", None):
        inputs, outputs = encoder.inputs[0], encoder.outputs[0]
    elif hasattr(encoder, "input"):
        inputs, outputs = encoder.input, encoder.output
    else:
        inputs, outputs = _called(encoder)
    mask = inputs.get("padding_mask") if isinstance(inputs, dict) else None
    return inputs, outputs, mask


def _called(encoder):
    """Returns symbolic inputs and outputs of a subclassed model."""
    built_for = encoder.get_build_config() or {}
    shape = built_for.get("input_shape")
    if not isinstance(shape, (tuple, list)) or isinstance(shape[0], (tuple, list)):
        raise InvalidValue(
            "`encoder` must be a functional keras.Model, or have been called on a "
            "batch of examples, so that the shape of its input is known. Received a "
            f"{type(encoder).__name__}: write encoder(np.zeros((1, *shape), 'float32'))"
            " first, or begin a Sequential with keras.Input(shape)."
        )
    inputs = keras.Input(shape[1:])
    return inputs, encoder(inputs)
