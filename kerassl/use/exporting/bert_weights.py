"""BERT of KerasHub by the names and the layout of Hugging Face's transformers."""

import numpy as np


def bert_config(backbone) -> dict:
    """Returns the `config.json` of a `keras_hub.models.BertBackbone`."""
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": backbone.vocabulary_size,
        "num_hidden_layers": backbone.num_layers,
        "num_attention_heads": backbone.num_heads,
        "hidden_size": backbone.hidden_dim,
        "intermediate_size": backbone.intermediate_dim,
        "max_position_embeddings": backbone.max_sequence_length,
        "type_vocab_size": backbone.num_segments,
        "hidden_dropout_prob": backbone.dropout,
        "attention_probs_dropout_prob": backbone.dropout,
        "hidden_act": "gelu_new",  # KerasHub's BERT has the approximation by tanh
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }


def bert_weights(backbone) -> dict[str, np.ndarray]:
    """Returns the weights of a `keras_hub.models.BertBackbone`, float32 by name."""
    layer = backbone.get_layer
    found = {
        "embeddings.word_embeddings.weight": layer("token_embedding").embeddings,
        "embeddings.position_embeddings.weight": layer(
            "position_embedding"
        ).position_embeddings,
        "embeddings.token_type_embeddings.weight": layer(
            "segment_embedding"
        ).embeddings,
        **_norm("embeddings.LayerNorm", layer("embeddings_layer_norm")),
        **_dense("pooler.dense", layer("pooled_dense")),
    }
    for i in range(backbone.num_layers):
        found |= _block(f"encoder.layer.{i}", layer(f"transformer_layer_{i}"))
    return {
        name: np.ascontiguousarray(value, "float32") for name, value in found.items()
    }


def _block(name, block):
    attention = block._self_attention_layer
    found = {}
    for part in ("query", "key", "value"):
        dense = getattr(attention, f"{part}_dense")
        found |= _dense(f"{name}.attention.self.{part}", dense)
    return {
        **found,
        **_dense(f"{name}.attention.output.dense", attention.output_dense, into=2),
        **_norm(f"{name}.attention.output.LayerNorm", block._self_attention_layer_norm),
        **_dense(f"{name}.intermediate.dense", block._feedforward_intermediate_dense),
        **_dense(f"{name}.output.dense", block._feedforward_output_dense),
        **_norm(f"{name}.output.LayerNorm", block._feedforward_layer_norm),
    }


def _dense(name, layer, into=1):
    """Returns a dense layer's weights; `into` axes of its kernel are the input's."""
    kernel, bias = np.asarray(layer.kernel), np.asarray(layer.bias)
    width = int(np.prod(kernel.shape[:into]))  # heads and their dimensions are one
    return {
        f"{name}.weight": kernel.reshape(width, -1).T,
        f"{name}.bias": bias.reshape(-1),
    }


def _norm(name, layer):
    return {f"{name}.weight": layer.gamma, f"{name}.bias": layer.beta}
