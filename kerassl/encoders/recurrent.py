"""A stack of recurrent layers over the frames of a sound."""

import keras
from keras import layers, ops

from kerassl.allowed import part
from kerassl.checks import check_integer, check_number, check_width
from kerassl.errors import InvalidType

# Deeper ones are no slip of the pen that a machine could run.
MAX_LAYERS = 64


@part("encoder")
def recurrent(
    num_mels: int = 80,
    hidden_dim: int = 512,
    num_layers: int = 3,
    residual: bool = True,
    dropout: float = 0.0,
    name: str = "recurrent",
    dtype=None,
):
    """Returns a stack of gated recurrent units over log-mels, that of APC.

    It is causal: the features of a frame are made of this one and those before it.
    Padding belongs at the end. Then no real frame can see it, so that the layers need
    not be told of it (which would keep a GPU from its fast kernel), and its features
    are set to zero at the end. Padding in front would be heard as silence.

    Args:
        num_mels: Dimension of a frame.
        hidden_dim: Units of each layer, the dimension of the features.
        num_layers: Layers, 1 or more.
        residual: Whether each layer but the first adds its input to its output.
        dropout: Rate between the layers, from 0 to below 1.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None for
            Keras's default.

    Returns:
        `keras.Model` from a dict of `"log_mels"`, float (batch, frames, num_mels),
        and `"padding_mask"`, integer (batch, frames), to (batch, frames,
        hidden_dim). `kerassl.encoders.feature_model` averages over real frames.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> recurrent(hidden_dim=32).output_shape
        (None, None, 32)

    References:
        Cho et al., 2014, https://arxiv.org/abs/1406.1078; Chung et al., 2019,
        https://arxiv.org/abs/1904.03240, section 3.2
    """
    check_width(num_mels=num_mels, hidden_dim=hidden_dim)
    check_integer("num_layers", num_layers, least=1, most=MAX_LAYERS)
    check_number("dropout", dropout, least=0, below=1)
    if not isinstance(residual, bool):
        raise InvalidType(f"`residual` must be a bool. Received: {residual!r}")
    inputs = {
        "log_mels": keras.Input((None, num_mels), name="log_mels"),
        "padding_mask": keras.Input((None,), dtype="int32", name="padding_mask"),
    }
    x = inputs["log_mels"]
    for i in range(1, num_layers + 1):
        before = x
        # They drop nothing themselves. Without a seed Keras would draw one for that,
        # and not store it.
        gru = layers.GRU(
            hidden_dim, return_sequences=True, seed=0, dtype=dtype, name=f"gru{i}"
        )
        x = gru(x)
        if residual and i > 1:
            x = layers.Add(dtype=dtype, name=f"add{i}")([before, x])
        if dropout and i < num_layers:
            x = layers.Dropout(dropout, dtype=dtype, name=f"dropout{i}")(x)
    # Of stock parts, so that a file of it loads in Keras alone.
    mask = ops.expand_dims(ops.cast(inputs["padding_mask"], "float32"), -1)
    x = layers.Multiply(dtype=dtype, name="without_padding")([x, mask])
    return keras.Model(inputs, x, name=name)
