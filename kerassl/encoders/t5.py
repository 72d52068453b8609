"""T5 as a KerasHub backbone, and its encoder alone."""

import functools
import warnings

import keras

from kerassl.allowed import part
from kerassl.checks import check_number, check_positive_integers, check_width
from kerassl.encoders.blocks import open_encoder
from kerassl.errors import InvalidValue

# KerasHub's T5 layers combine masks themselves, and are built where they are
# first called. Keras warns of both wherever a T5 is made, trained or loaded.
EXPECTED_WARNINGS = (
    r"Layer '(self|cross)_attention' \(of type T5MultiHeadAttention\) was passed an",
    r"`build\(\)` was called on layer 'transformer_(en|de)coder_layer_",
)
for message in EXPECTED_WARNINGS:
    warnings.filterwarnings("ignore", message=message)


@part("encoder")
def t5(
    vocabulary_size: int,
    num_layers: int = 6,
    num_heads: int = 8,
    hidden_dim: int = 512,
    intermediate_dim: int = 2048,
    dropout: float = 0.1,
    name: str = "t5",
    dtype=None,
):
    """Returns a T5 of encoder and decoder, to be trained from random weights.

    The defaults are those of T5-small. It is a `keras_hub.models.T5Backbone`
    whose token embedding starts as the paper's does, with mean 0 and standard
    deviation 1. KerasHub's own starts with mean 1 and standard deviation 0.05,
    so that all tokens look alike; for published weights that does not matter.

    Args:
        vocabulary_size: Number of token ids, sentinels included.
        num_layers: Layers of the encoder, and of the decoder.
        num_heads: Attention heads; `hidden_dim` is a multiple of them.
        hidden_dim: Width of the layers.
        intermediate_dim: Width of the feed-forward layers.
        dropout: Dropout rate, in [0, 1).
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None
            for Keras's default.

    Returns:
        A `keras_hub.models.T5Backbone`.

    Raises:
        ValueError: If `hidden_dim` is no multiple of `num_heads`.

    Example:
        >>> backbone = t5(100, num_layers=1, num_heads=2, hidden_dim=8,
        ...               intermediate_dim=16)
        >>> sorted(backbone.output)
        ['decoder_sequence_output', 'encoder_sequence_output']

    Reference:
        Raffel et al., 2019, https://arxiv.org/abs/1910.10683
    """
    import keras_hub

    check_positive_integers(vocabulary_size=vocabulary_size, num_layers=num_layers)
    check_width(
        num_heads=num_heads, hidden_dim=hidden_dim, intermediate_dim=intermediate_dim
    )
    check_number("dropout", dropout, least=0, below=1)
    if hidden_dim % num_heads:
        raise InvalidValue(
            "`hidden_dim` must be a multiple of `num_heads`. Received: "
            f"{hidden_dim} and {num_heads}"
        )
    backbone = keras_hub.models.T5Backbone(
        vocabulary_size,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        intermediate_dim=intermediate_dim,
        dropout=dropout,
        use_gated_activation=False,
        name=name,
        dtype=dtype,
    )
    embedding = backbone.token_embedding
    # In the layer's configuration too, for encoders made again at random.
    embedding.embeddings_initializer = keras.initializers.RandomNormal(stddev=1.0)
    embedding.embeddings.assign(
        embedding.embeddings_initializer(embedding.embeddings.shape)
    )
    return backbone


def t5_encoder(backbone):
    """Returns the encoder of a T5 alone, sharing the weights of the whole.

    Args:
        backbone: A `keras_hub.models.T5Backbone`.

    Returns:
        A functional `keras.Model` from `{"token_ids": ..., "padding_mask":
        ...}`, int tensors (batch, time), to a float tensor (batch, time,
        hidden_dim). A file saved from it loads with Keras and KerasHub alone.

    Example:
        >>> backbone = t5(100, num_layers=1, num_heads=2, hidden_dim=8,
        ...               intermediate_dim=16)
        >>> t5_encoder(backbone).output_shape
        (None, None, 8)
    """
    _describe_layers(backbone)
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    inputs = {"token_ids": token_ids, "padding_mask": padding_mask}
    parts = open_encoder(backbone)
    x = parts.norm(parts.run(parts.embed(inputs), padding_mask))
    return keras.Model(inputs, x, name=f"{backbone.name}_encoder")


def _describe_layers(backbone):
    """Gives the encoder's layers the configuration that KerasHub leaves out.

    Keras would guess it from the constructor's arguments, but not where one of
    them is a dtype policy, as in every backbone made from a configuration.
    """
    for i, layer in enumerate(backbone.encoder_transformer_layers):
        _describe(
            layer,
            is_decoder=False,
            hidden_dim=backbone.hidden_dim,
            intermediate_dim=backbone.intermediate_dim,
            key_value_dim=backbone.key_value_dim
            or backbone.hidden_dim // backbone.num_heads,
            dropout=backbone.dropout,
            activation=keras.activations.serialize(backbone.activation),
            layer_norm_epsilon=backbone.layer_norm_epsilon,
            num_heads=backbone.num_heads,
            use_gated_activation=backbone.use_gated_activation,
            use_relative_attention_bias=i == 0,
        )
    _describe(backbone.encoder_layer_norm, epsilon=backbone.layer_norm_epsilon)


def _describe(layer, **config):
    config.update(name=layer.name, dtype=layer.dtype_policy.name)
    layer.get_config = functools.partial(dict, config)
