"""A stack of recurrent layers over the tokens of a text."""

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import (
    check_integer,
    check_number,
    check_positive_integers,
    check_width,
)
from kerassl.errors import InvalidValue

CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}
# Deeper ones are no slip of the pen that a machine could run.
MAX_LAYERS = 64
# AWD-LSTM's embeddings begin between plus and minus this.
EMBEDDING_RANGE = 0.1


@part("encoder")
def recurrent_text(
    vocabulary_size: int,
    embedding_dim: int = 400,
    hidden_dim: int = 1150,
    num_layers: int = 3,
    cell: str = "lstm",
    dropout: float = 0.4,
    name: str = "recurrent_text",
    dtype=None,
):
    """Returns a stack of recurrent layers over tokens, for a language model.

    The last layer is as wide as the embedding, so that the same table can tell the
    next token: `encoder.get_layer("token_embedding")(states, reverse=True)`. The
    sizes are AWD-LSTM's.

    It is causal: the features of a token are made of this one and those before it.
    Padding belongs at the end, where no token sees it; its features are zeros.

    Args:
        vocabulary_size: Number of token ids.
        embedding_dim: Dimension of the embedding and of the features.
        hidden_dim: Units of each layer but the last.
        num_layers: Layers, 1 or more.
        cell: "lstm" or "gru".
        dropout: Rate after the embedding and after each layer, from 0 to below 1.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None for
            Keras's default.

    Returns:
        `keras.Model` from a dict of `"token_ids"` and `"padding_mask"`, integers
        (batch, time), to (batch, time, embedding_dim).

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> recurrent_text(50, embedding_dim=8, hidden_dim=16).output_shape
        (None, None, 8)

    References:
        Merity et al., 2017, https://arxiv.org/abs/1708.02182;
        Press and Wolf, 2016, https://arxiv.org/abs/1608.05859 (tied weights)
    """
    check_positive_integers(vocabulary_size=vocabulary_size)
    check_width(embedding_dim=embedding_dim, hidden_dim=hidden_dim)
    check_integer("num_layers", num_layers, least=1, most=MAX_LAYERS)
    check_number("dropout", dropout, least=0, below=1)
    if cell not in tuple(CELLS):  # a list is no key
        raise InvalidValue(f"`cell` must be one of {tuple(CELLS)}. Received: {cell!r}")
    inputs = {
        key: keras.Input((None,), dtype="int32", name=key)
        for key in ("token_ids", "padding_mask")
    }
    spread = keras.initializers.RandomUniform(-EMBEDDING_RANGE, EMBEDDING_RANGE)
    x = layers.ReversibleEmbedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=spread,
        dtype=dtype,
        name="token_embedding",
    )(inputs["token_ids"])
    for i in range(num_layers + 1):
        if i:
            units = embedding_dim if i == num_layers else hidden_dim
            # They drop nothing themselves. Without a seed Keras would draw one for
            # that, and not store it.
            x = CELLS[cell](
                units, return_sequences=True, seed=0, dtype=dtype, name=f"{cell}{i}"
            )(x)
        if dropout:
            x = layers.Dropout(dropout, dtype=dtype, name=f"dropout{i}")(x)
    # Of stock parts, so that a file of it loads in Keras alone.
    mask = layers.Reshape([-1, 1], dtype=dtype, name="mask")(inputs["padding_mask"])
    x = layers.Multiply(dtype=dtype, name="without_padding")([x, mask])
    return keras.Model(inputs, x, name=name)
