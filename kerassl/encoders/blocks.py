"""An encoder opened: its embedding, its Transformer blocks, its normalisation.

A KerasHub backbone runs as a whole, over all of its tokens and with a padding
mask alone. Tasks need it in parts: a mask of their own, a part of the tokens, the
states in between. The parts share the backbone's weights.
"""

import keras

from kerassl.encoders.pooling import sequence_output
from kerassl.errors import InvalidValue


def open_encoder(encoder):
    """Returns the parts of an encoder made of Transformer blocks.

    Such are `ViTBackbone`, the encoder of a `T5Backbone`, and each functional
    `keras.Model` that is a chain of `keras_hub.layers.TransformerEncoder` or
    `TransformerDecoder`: the BERT, RoBERTa, DistilBERT, ELECTRA, ALBERT, GPT-2
    and OPT of KerasHub among them.

    Args:
        encoder: A `keras.Model`.

    Returns:
        An `EncoderBlocks`.

    Raises:
        ValueError: If the encoder has no such blocks, or they are no chain.

    Example:
        >>> import keras_hub
        >>> encoder = keras_hub.models.BertBackbone(30, 2, 2, 8, 16)
        >>> x = {"token_ids": keras.ops.ones((1, 5), "int32")}
        >>> x |= {"segment_ids": 0 * x["token_ids"], "padding_mask": x["token_ids"]}
        >>> parts = open_encoder(encoder)
        >>> states = parts.run(parts.embed(x)[:, :3])  # of the first three tokens
        >>> tuple(parts.norm(states).shape)
        (1, 3, 8)
    """
    import keras_hub

    if isinstance(encoder, keras_hub.models.T5Backbone):
        return _T5(encoder)
    if isinstance(encoder, keras_hub.models.ViTBackbone):
        return _ViT(encoder)
    return _Chain(encoder)


def transformer_blocks(layer) -> list:
    """Returns the Transformer blocks that KerasHub's backbone or layer holds.

    Args:
        layer: Any layer or model.

    Returns:
        List of layers from the input up, empty where there are none. In an
        ALBERT these are lists of the layers that share their weights.

    Example:
        >>> import keras_hub
        >>> encoder = keras_hub.models.BertBackbone(30, 2, 2, 8, 16)
        >>> len(transformer_blocks(encoder)), transformer_blocks(keras.layers.ReLU())
        (2, [])
    """
    blocks = getattr(layer, "transformer_layers", None)
    blocks = blocks or getattr(layer, "encoder_layers", None)
    return list(blocks) if isinstance(blocks, list | tuple) else []


class EncoderBlocks:
    """The parts of an encoder, which share its weights; `open_encoder` makes it.

    `norm(run(embed(x), padding_mask))` is what the encoder computes. Nothing here
    is a layer: the encoder itself holds the weights, and is tracked and saved.

    Attributes:
        blocks: List of the Transformer blocks, in the order in which they run.
    """

    def __init__(self, blocks):
        self.blocks = blocks

    def look_up(self, inputs, training=None):
        """Returns the embeddings before a projection to the blocks' width.

        Of ELECTRA and ALBERT, whose embeddings are narrower than their blocks;
        of other encoders the same as `embed`.

        Args:
            inputs: As the encoder takes them.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, tokens, embedding_dim).
        """
        return self.embed(inputs, training)

    def embed(self, inputs, training=None):
        """Returns what the first block reads: tokens with their positions.

        Args:
            inputs: As the encoder takes them; keys of a dict that it does not
                know are passed over. A T5 takes `"token_ids"`.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, tokens, dim).
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `embed`.")

    def each(self, states, padding_mask=None, attention_mask=None, training=None):
        """Yields the states after each block.

        Args:
            states: Float tensor (batch, tokens, dim), such as `embed` gives, of
                all tokens or of some.
            padding_mask: Tensor (batch, tokens), 1 where a token may be attended
                to and 0 where none may, as at padding.
            attention_mask: Tensor (batch, tokens, tokens), 1 where the token of
                the row may attend to that of the column. In a decoder it takes
                the place of the mask that hides later tokens.
            training: Whether dropout is on.

        Raises:
            ValueError: If there is a mask and the blocks take none.
        """
        options = _options(training)
        for block in self.blocks:
            states = self._apply(block, states, padding_mask, attention_mask, options)
            yield states

    def run(self, states, padding_mask=None, attention_mask=None, training=None):
        """Returns the states after the last block.

        Args:
            states: As for `each`.
            padding_mask: As for `each`.
            attention_mask: As for `each`.
            training: As for `each`.

        Returns:
            Float tensor (batch, tokens, dim).
        """
        for after in self.each(states, padding_mask, attention_mask, training):
            states = after
        return states

    def norm(self, states, training=None):
        """Returns the encoder's output: what follows the blocks, if anything.

        Args:
            states: Float tensor (batch, tokens, dim), as `run` gives.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, tokens, dim).
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `norm`.")

    def _apply(self, block, states, padding_mask, attention_mask, options):
        raise NotImplementedError(f"{type(self).__name__} must implement `_apply`.")


class _Chain(EncoderBlocks):
    """A functional encoder that is a chain of KerasHub's public blocks."""

    def __init__(self, encoder):
        super().__init__(_chain(encoder))
        first, last = self.blocks[0], self.blocks[-1]
        self._encoder = encoder
        self._embed = keras.Model(encoder.input, _states(first.input))
        projection = getattr(encoder, "embeddings_projection", None)
        self._look_up = self._embed
        if projection is not None:
            self._look_up = keras.Model(encoder.input, projection.input)
        outputs = sequence_output(encoder.output)
        # A repeated block knows its first output only, and ALBERT ends with it.
        repeated = len(set(map(id, self.blocks))) < len(self.blocks)
        ends = repeated or outputs is last.output
        self._norm = None if ends else keras.Model(last.output, outputs)

    def look_up(self, inputs, training=None):
        return self._look_up(self._known(inputs), training=training)

    def embed(self, inputs, training=None):
        return self._embed(self._known(inputs), training=training)

    def norm(self, states, training=None):
        return states if self._norm is None else self._norm(states, training=training)

    def _known(self, inputs):
        known = self._encoder.input
        return {n: inputs[n] for n in known} if isinstance(known, dict) else inputs

    def _apply(self, block, states, padding_mask, attention_mask, options):
        import keras_hub

        if isinstance(block, keras_hub.layers.TransformerDecoder):
            return block(
                states,
                decoder_padding_mask=padding_mask,
                decoder_attention_mask=attention_mask,
                use_causal_mask=attention_mask is None,
                **options,
            )
        return block(
            states, padding_mask=padding_mask, attention_mask=attention_mask, **options
        )


class _T5(EncoderBlocks):
    """The encoder of a T5, whose first block makes the position bias of all."""

    def __init__(self, backbone):
        super().__init__(list(backbone.encoder_transformer_layers))
        self._backbone = backbone

    def embed(self, inputs, training=None):
        embedded = self._backbone.token_embedding(inputs["token_ids"])
        dropout = self._backbone.encoder_embedding_dropout
        return dropout(embedded, **_options(training))

    def each(self, states, padding_mask=None, attention_mask=None, training=None):
        position_bias = None
        for block in self.blocks:
            # The bias has the mask in it.
            states, position_bias = block(
                states,
                attention_mask=_merged(padding_mask, attention_mask),
                position_bias=position_bias,
                use_causal_mask=False,
                **_options(training),
            )
            yield states

    def norm(self, states, training=None):
        states = self._backbone.encoder_layer_norm(states)
        return self._backbone.encoder_dropout(states, **_options(training))


class _ViT(EncoderBlocks):
    """A Vision Transformer, whose blocks are inside one layer."""

    def __init__(self, backbone):
        self._patches = backbone.get_layer("vit_patching_and_embedding")
        self._encoder = backbone.get_layer("vit_encoder")
        super().__init__(transformer_blocks(self._encoder))

    def embed(self, inputs, training=None):
        return self._encoder.dropout(self._patches(inputs), **_options(training))

    def norm(self, states, training=None):
        return self._encoder.layer_norm(states)

    def _apply(self, block, states, padding_mask, attention_mask, options):
        if padding_mask is not None or attention_mask is not None:
            raise InvalidValue(
                "`padding_mask` and `attention_mask` must be None: the blocks of a "
                "ViTBackbone take no mask. Give them fewer tokens instead."
            )
        return block(states, **options)


def _chain(encoder):
    """Returns the blocks of a functional encoder, in the order in which they run."""
    import keras_hub

    kinds = (keras_hub.layers.TransformerEncoder, keras_hub.layers.TransformerDecoder)
    blocks = [
        layer for layer in getattr(encoder, "layers", ()) if isinstance(layer, kinds)
    ]
    if not blocks:
        held = sorted({type(block).__name__ for block in transformer_blocks(encoder)})
        raise _closed(encoder, f"blocks of {held}" if held else "no blocks")
    groups = transformer_blocks(encoder)
    if groups and isinstance(groups[0], list):  # an ALBERT runs each several times
        times = encoder.num_layers // encoder.num_groups
        return [block for group in groups for _ in range(times) for block in group]
    for before, block in zip(blocks[:-1], blocks[1:], strict=True):
        if _states(block.input) is not before.output:
            raise _closed(encoder, f"a layer between {before.name} and {block.name}")
    return blocks


def _closed(encoder, found):
    return InvalidValue(
        "`encoder` must be a chain of keras_hub.layers.TransformerEncoder or "
        "TransformerDecoder, a ViTBackbone or a T5Backbone, to be run in parts. "
        f"Received: {type(encoder).__name__}, which has {found}"
    )


def _states(inputs):
    """Returns the states among the inputs of a block, masks left out."""
    return keras.tree.flatten(inputs)[0]


def _options(training):
    """Returns the argument `training` where it is known, and none in a graph."""
    return {} if training is None else {"training": training}


def _merged(padding_mask, attention_mask):
    if padding_mask is None:
        return attention_mask
    mask = padding_mask[:, None, :]
    if attention_mask is None:
        return mask
    return keras.ops.minimum(
        keras.ops.cast(mask, "int32"), keras.ops.cast(attention_mask, "int32")
    )
