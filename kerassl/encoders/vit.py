"""Vision Transformers: an image as a row of patches."""

from collections.abc import Sequence

import keras
from keras import layers

from kerassl.allowed import part
from kerassl.checks import (
    check_image_shape,
    check_one_of,
    check_width,
)
from kerassl.encoders.kernels import draw_kernels
from kerassl.errors import InvalidValue
from kerassl.layers import FirstToken, PatchEmbedding

OUTPUTS = ("tokens", "class_token")


@part("encoder")
def vit(
    input_shape: Sequence[int] = (224, 224, 3),
    patch_size: int = 16,
    num_layers: int = 12,
    num_heads: int = 12,
    hidden_dim: int = 768,
    mlp_dim: int | None = None,
    output: str = "tokens",
    positions: str = "learnt",
    name: str = "vit",
    dtype=None,
):
    """Returns a Vision Transformer, to be trained from random weights.

    The image is cut into patches, each becomes a token with a position, and
    a learnt class token goes before them; Transformer blocks that normalise their
    input follow, and a last normalisation. The defaults are those of ViT-Base.

    It takes images of any size whose sides are multiples of `patch_size`, such as
    small local crops: positions are interpolated from those of `input_shape`, which
    are used as they are where the size is that one.

    The blocks are `keras_hub.layers.TransformerEncoder`, so that
    `kerassl.encoders.open_encoder` opens it, to run over some of its tokens; their
    kernels start as `kerassl.encoders.draw_kernels` tells.

    Args:
        input_shape: (height, width, channels) of the images that positions are
            learnt for, in pixels; multiples of `patch_size`.
        patch_size: Side of a patch in pixels.
        num_layers: Transformer blocks.
        num_heads: Attention heads; `hidden_dim` is a multiple of them.
        hidden_dim: Width of the blocks.
        mlp_dim: Width of the feed-forward layers, or None for 4 * `hidden_dim`.
        output: `"tokens"`, all of them, or `"class_token"`, that alone.
        positions: `"learnt"`, or `"sin_cos"` for fixed ones, as in MAE.
        name: Model name.
        dtype: Dtype policy of the layers, such as `"mixed_bfloat16"`, or None for
            Keras's default.

    Returns:
        A functional `keras.Model` from images (batch, height, width, channels) to
        (batch, 1 + patches, hidden_dim), the class token first, or to (batch,
        hidden_dim). Of the tokens `kerassl.encoders.pool` takes the mean of all, or
        with `pooling="cls"` the class token.

    Raises:
        ValueError: If a size is out of range, the patches do not fill the image,
            or `hidden_dim` is no multiple of `num_heads`.

    Example:
        >>> import numpy as np
        >>> encoder = vit((8, 8, 1), patch_size=2, num_layers=1, num_heads=2,
        ...               hidden_dim=8)
        >>> [encoder(np.ones((1, n, n, 1), "float32")).shape[1] for n in (8, 4)]
        [17, 5]

    References:
        Dosovitskiy et al., 2020, https://arxiv.org/abs/2010.11929
        Caron et al., 2021, several sizes of crops, https://arxiv.org/abs/2104.14294
    """
    import keras_hub

    check_image_shape("input_shape", input_shape)
    check_width(patch_size=patch_size, num_layers=num_layers)
    check_width(num_heads=num_heads, hidden_dim=hidden_dim)
    check_one_of("output", output, OUTPUTS)
    mlp_dim = 4 * hidden_dim if mlp_dim is None else mlp_dim
    check_width(mlp_dim=mlp_dim)
    _check_multiples(input_shape, patch_size, hidden_dim, num_heads)
    inputs = keras.Input((None, None, input_shape[2]), name="images")
    x = PatchEmbedding(
        input_shape[:2],
        patch_size,
        hidden_dim,
        positions=positions,
        dtype=dtype,
        name="patches",
    )(inputs)
    for i in range(1, num_layers + 1):
        x = keras_hub.layers.TransformerEncoder(
            mlp_dim,
            num_heads,
            activation="gelu",
            layer_norm_epsilon=1e-6,
            normalize_first=True,
            dtype=dtype,
            name=f"block{i}",
        )(x)
    x = layers.LayerNormalization(epsilon=1e-6, dtype=dtype, name="norm")(x)
    if output == "class_token":
        x = FirstToken(dtype=dtype, name="class_token")(x)
    encoder = keras.Model(inputs, x, name=name)
    draw_kernels(encoder)
    return encoder


@part("encoder")
def vit_tiny(
    input_shape: Sequence[int] = (224, 224, 3),
    patch_size: int = 16,
    output: str = "tokens",
    name: str = "vit_tiny",
    dtype=None,
):
    """Returns a ViT of 12 layers, 192 wide with 3 heads: 5.5 M weights at 224 / 16.

    Args:
        input_shape: As for `vit`.
        patch_size: As for `vit`.
        output: As for `vit`.
        name: Model name.
        dtype: As for `vit`.

    Returns:
        What `vit` does.

    Raises:
        ValueError: As `vit` does.

    Example:
        >>> vit_tiny().count_params()
        5524416

    Reference:
        Touvron et al., 2020, table 1, https://arxiv.org/abs/2012.12877
    """
    sizes = (12, 3, 192)
    return vit(input_shape, patch_size, *sizes, output=output, name=name, dtype=dtype)


@part("encoder")
def vit_small(
    input_shape: Sequence[int] = (224, 224, 3),
    patch_size: int = 16,
    output: str = "tokens",
    name: str = "vit_small",
    dtype=None,
):
    """Returns a ViT of 12 layers, 384 wide with 6 heads: 21.7 M weights at 224 / 16.

    Args:
        input_shape: As for `vit`.
        patch_size: As for `vit`.
        output: As for `vit`.
        name: Model name.
        dtype: As for `vit`.

    Returns:
        What `vit` does.

    Raises:
        ValueError: As `vit` does.

    Example:
        >>> vit_small().count_params()
        21665664

    Reference:
        Touvron et al., 2020, table 1, https://arxiv.org/abs/2012.12877
    """
    sizes = (12, 6, 384)
    return vit(input_shape, patch_size, *sizes, output=output, name=name, dtype=dtype)


def _check_multiples(input_shape, patch_size, hidden_dim, num_heads):
    if any(side % patch_size for side in input_shape[:2]):
        raise InvalidValue(
            f"`input_shape` must have sides that are multiples of a patch's, "
            f"{patch_size}. Received: {tuple(input_shape)}"
        )
    if hidden_dim % num_heads:
        raise InvalidValue(
            "`hidden_dim` must be a multiple of `num_heads`. Received: "
            f"{hidden_dim} and {num_heads}"
        )
