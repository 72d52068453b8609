"""KerasHub's BERT and GPT-2, to be trained from random weights at any width."""

from kerassl.allowed import part
from kerassl.checks import check_number, check_positive_integers, check_width
from kerassl.encoders.kernels import draw_kernels
from kerassl.errors import InvalidValue


@part("encoder")
def bert(
    vocabulary_size: int,
    num_layers: int = 12,
    num_heads: int = 12,
    hidden_dim: int = 768,
    intermediate_dim: int = 3072,
    dropout: float = 0.1,
    max_sequence_length: int = 512,
    num_segments: int = 2,
    name: str = "bert",
    dtype=None,
):
    """Returns a BERT whose kernels start at the scale of its width.

    It is a `keras_hub.models.BertBackbone`, and a file saved from it loads with
    KerasHub alone; only its first weights differ, as `draw_kernels` tells. The
    defaults are those of BERT-base.

    Args:
        vocabulary_size: Number of token ids.
        num_layers: Transformer blocks.
        num_heads: Attention heads; `hidden_dim` is a multiple of them.
        hidden_dim: Width of the blocks.
        intermediate_dim: Width of the feed-forward layers.
        dropout: Dropout rate, in [0, 1).
        max_sequence_length: Longest row, in tokens.
        num_segments: Kinds of segments.
        name: Model name.
        dtype: Dtype policy, such as `"mixed_bfloat16"`, or None for Keras's
            default.

    Returns:
        A `keras_hub.models.BertBackbone`.

    Raises:
        ValueError: If a size is out of range, or `hidden_dim` no multiple of
            `num_heads`.

    Example:
        >>> encoder = bert(100, num_layers=1, num_heads=2, hidden_dim=16,
        ...                intermediate_dim=32)
        >>> encoder.count_params()
        12352

    Reference:
        Devlin et al., 2018, https://arxiv.org/abs/1810.04805
    """
    import keras_hub

    _check(num_heads, hidden_dim, intermediate_dim, dropout)
    check_positive_integers(
        vocabulary_size=vocabulary_size,
        num_layers=num_layers,
        max_sequence_length=max_sequence_length,
        num_segments=num_segments,
    )
    encoder = keras_hub.models.BertBackbone(
        vocabulary_size,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        intermediate_dim=intermediate_dim,
        dropout=dropout,
        max_sequence_length=max_sequence_length,
        num_segments=num_segments,
        name=name,
        dtype=dtype,
    )
    draw_kernels(encoder)
    return encoder


@part("encoder")
def gpt2(
    vocabulary_size: int,
    num_layers: int = 12,
    num_heads: int = 12,
    hidden_dim: int = 768,
    intermediate_dim: int = 3072,
    dropout: float = 0.1,
    max_sequence_length: int = 1024,
    name: str = "gpt2",
    dtype=None,
):
    """Returns a GPT-2 whose kernels start at the scale of its width and depth.

    It is a `keras_hub.models.GPT2Backbone`, and a file saved from it loads with
    KerasHub alone; only its first weights differ, as `draw_kernels` tells. The
    defaults are those of the smallest GPT-2.

    Args:
        vocabulary_size: Number of token ids.
        num_layers: Transformer blocks.
        num_heads: Attention heads; `hidden_dim` is a multiple of them.
        hidden_dim: Width of the blocks.
        intermediate_dim: Width of the feed-forward layers.
        dropout: Dropout rate, in [0, 1).
        max_sequence_length: Longest window, in tokens.
        name: Model name.
        dtype: Dtype policy, such as `"mixed_bfloat16"`, or None for Keras's
            default.

    Returns:
        A `keras_hub.models.GPT2Backbone`.

    Raises:
        ValueError: If a size is out of range, or `hidden_dim` no multiple of
            `num_heads`.

    Example:
        >>> encoder = gpt2(100, num_layers=1, num_heads=2, hidden_dim=16,
        ...                intermediate_dim=32)
        >>> encoder.count_params()
        20240

    Reference:
        Radford et al., 2019, Language Models are Unsupervised Multitask Learners
    """
    import keras_hub

    _check(num_heads, hidden_dim, intermediate_dim, dropout)
    check_positive_integers(
        vocabulary_size=vocabulary_size,
        num_layers=num_layers,
        max_sequence_length=max_sequence_length,
    )
    encoder = keras_hub.models.GPT2Backbone(
        vocabulary_size,
        num_layers=num_layers,
        num_heads=num_heads,
        hidden_dim=hidden_dim,
        intermediate_dim=intermediate_dim,
        dropout=dropout,
        max_sequence_length=max_sequence_length,
        name=name,
        dtype=dtype,
    )
    draw_kernels(encoder)
    return encoder


def _check(num_heads, hidden_dim, intermediate_dim, dropout):
    check_width(
        num_heads=num_heads, hidden_dim=hidden_dim, intermediate_dim=intermediate_dim
    )
    check_number("dropout", dropout, least=0, below=1)
    if hidden_dim % num_heads:
        raise InvalidValue(
            "`hidden_dim` must be a multiple of `num_heads`. Received: "
            f"{hidden_dim} and {num_heads}"
        )
