"""Which tokens an encoder's attention weighs, and what it adds up to over layers."""

import keras
import numpy as np
from keras import ops

from kerassl.checks import check_number
from kerassl.encoders.hooks import hooked
from kerassl.errors import InvalidValue


def attention_weights(encoder, x):
    """Returns the attention weights of an encoder, of every layer and head.

    They are those by which the values are averaged, after the softmax and without
    dropout. What a weight tells is how much is read from a token's *state*, which
    in all layers but the first is a mixture of many tokens already; weights and
    what the output depends on may differ widely (Jain & Wallace, 2019).

    Args:
        encoder: A `keras.Model` with self-attention by `keras.layers.
            MultiHeadAttention` or a class of it, such as KerasHub's BERT, ELECTRA,
            GPT-2, BART and ViT, or with that of KerasHub's T5. It is run operation
            by operation, on all examples at once: give it a few.
        x: Its inputs, an array or a dict of arrays.

    Returns:
        Float32 array (examples, layers, heads, queries, keys), the layers in the
        order in which they run; over the keys it sums to 1.

    Raises:
        ValueError: If the encoder has no such layer, or they differ in the number
            of heads or tokens.

    Example:
        >>> import keras_hub
        >>> encoder = keras_hub.models.BertBackbone(30, 2, 4, 8, 16)
        >>> x = {"token_ids": np.ones((1, 5), "int32")}
        >>> x |= {"segment_ids": 0 * x["token_ids"], "padding_mask": x["token_ids"]}
        >>> attention_weights(encoder, x).shape
        (1, 2, 4, 5, 5)

    References:
        Vaswani et al., 2017, https://arxiv.org/abs/1706.03762;
        Jain & Wallace, 2019, https://arxiv.org/abs/1902.10186
    """
    layers, found = attention_layers(encoder), []
    if not layers:
        raise InvalidValue(
            "`encoder` must have layers of self-attention. Received: "
            f"{type(encoder).__name__} {encoder.name!r}, which has none"
        )

    def look(layer, call, *args, **kwargs):
        scored = _t5_scores if _is_t5(layer) else _scores
        outputs, scores = scored(layer, call, *args, **kwargs)
        found.append(ops.convert_to_numpy(ops.cast(scores, "float32")))
        return outputs

    with hooked(layers, look):
        encoder(keras.tree.map_structure(ops.convert_to_tensor, x), training=False)
    shapes = {scores.shape for scores in found}
    if len(shapes) > 1:
        raise InvalidValue(
            "`encoder` must have as many heads and tokens in every layer. Received "
            f"shapes (examples, heads, queries, keys): {sorted(shapes)}"
        )
    return np.stack(found, axis=1)


def attention_layers(encoder) -> list:
    """Returns the self-attention layers that `attention_weights` reads.

    Args:
        encoder: Any `keras.Model`.

    Returns:
        List of layers, empty where there are none.

    Example:
        >>> attention_layers(keras.Sequential([keras.layers.Dense(2)]))
        []
    """
    return [
        layer
        for layer in encoder._flatten_layers()
        if isinstance(layer, keras.layers.MultiHeadAttention) or _is_t5(layer)
    ]


def attention_rollout(weights, residual: float = 0.5):
    """Returns how much each token's output state draws on each input, by rollout.

    The weights of the heads are averaged, mixed with the residual connection, which
    carries each token on to itself, and multiplied up from the first layer. It takes
    the blocks for linear and their values for equal: a summary, no measurement.

    Args:
        weights: Array (..., layers, heads, tokens, tokens), as `attention_weights`
            returns.
        residual: The share of the residual connection, in [0, 1).

    Returns:
        Float32 array (..., tokens, tokens): rows are outputs, columns inputs; rows
        sum to 1.

    Raises:
        ValueError: If `residual` is out of range, or `weights` has another shape.

    Example:
        >>> uniform = np.full((2, 1, 4, 4), 0.25)
        >>> attention_rollout(uniform)[0].round(4).tolist()
        [0.4375, 0.1875, 0.1875, 0.1875]

    Reference:
        Abnar & Zuidema, 2020, section 3, https://arxiv.org/abs/2005.00928
    """
    check_number("residual", residual, least=0, below=1)
    weights = np.asarray(weights, "float32")
    if weights.ndim < 4 or weights.shape[-1] != weights.shape[-2]:
        raise InvalidValue(
            "`weights` must have shape (..., layers, heads, tokens, tokens). Received "
            f"shape: {weights.shape}"
        )
    identity = np.eye(weights.shape[-1], dtype="float32")
    mixed = (1 - residual) * weights.mean(axis=-3) + residual * identity
    found = mixed[..., 0, :, :]
    for layer in range(1, mixed.shape[-3]):
        found = mixed[..., layer, :, :] @ found
    return found


def patch_grid(encoder):
    """Returns (rows, columns, first) of a Vision Transformer's patches, or None.

    Args:
        encoder: A `keras.Model`, such as a `keras_hub.models.ViTBackbone`.

    Returns:
        The rows and columns of patches, and the position of the first among the
        tokens: 1 after a class token. None where no layer cuts images into patches.

    Example:
        >>> import keras_hub
        >>> patch_grid(keras_hub.models.ViTBackbone((8, 8, 1), (4, 4), 1, 2, 8, 16))
        (2, 2, 1)
    """
    for layer in encoder._flatten_layers(include_self=False):
        size, patch = (getattr(layer, f"{n}_size", None) for n in ("image", "patch"))
        if size is not None and patch is not None:
            rows, columns = (s // p for s, p in zip(size[:2], patch, strict=True))
            return rows, columns, int(getattr(layer, "use_class_token", False))
    return None


def _scores(layer, call, *args, **kwargs):
    return call(*args, **{**kwargs, "return_attention_scores": True})


def _t5_scores(layer, call, states, **kwargs):
    # It does not return them; its bias has the mask in it.
    outputs = call(states, **kwargs)
    shape = (*states.shape[:2], layer.num_heads, layer.key_value_dim)
    query, key = (
        ops.reshape(projector(states), shape)
        for projector in (layer.query_projector, layer.key_projector)
    )
    scores = ops.einsum("bqnd,bknd->bnqk", query, key)
    return outputs, ops.softmax(scores + ops.cast(outputs[1], scores.dtype), axis=-1)


def _is_t5(layer):
    """Tells a T5's attention, a class that KerasHub does not export."""
    return type(layer).__name__ == "T5MultiHeadAttention"
