"""The encoder of a BART alone."""

import keras


def bart_encoder(backbone):
    """Returns the encoder of a BART alone, sharing the weights of the whole.

    Args:
        backbone: A `keras_hub.models.BartBackbone`.

    Returns:
        A functional `keras.Model` from `{"token_ids": ..., "padding_mask":
        ...}`, int tensors (batch, time), to a float tensor (batch, time,
        hidden_dim). A file saved from it loads with Keras and KerasHub alone.

    Example:
        >>> import keras_hub
        >>> backbone = keras_hub.models.BartBackbone(100, 1, 2, 8, 16)
        >>> bart_encoder(backbone).output_shape
        (None, None, 8)

    Reference:
        Lewis et al., 2019, https://arxiv.org/abs/1910.13461
    """
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    tokens = backbone.token_embedding(token_ids)
    positions = backbone.encoder_position_embedding(tokens)
    x = backbone.encoder_embeddings_add((tokens, positions))
    x = backbone.encoder_embeddings_layer_norm(x)
    x = backbone.encoder_embeddings_dropout(x)
    for layer in backbone.encoder_transformer_layers:
        x = layer(x, padding_mask=padding_mask)
    inputs = {"token_ids": token_ids, "padding_mask": padding_mask}
    return keras.Model(inputs, x, name=f"{backbone.name}_encoder")
