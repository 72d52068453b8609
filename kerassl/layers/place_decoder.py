"""The decoder of DropPos: where each patch belongs."""

import math

import keras

from kerassl.layers.patch_decoder import PatchDecoder


@keras.saving.register_keras_serializable(package="kerassl")
class PlaceDecoder(PatchDecoder):
    """Tells the places of patches from their states.

    A linear map takes the states to the decoder's width, and Transformer blocks, a
    normalisation and a linear map to one logit a place follow. It is given no place
    of its own accord: what it knows of them is in the states.

    Args:
        grid: (rows, columns) of an image's patches, all the places there are.
        hidden_dim: Width of the blocks, a multiple of `num_heads` and of 4.
        num_layers: Transformer blocks.
        num_heads: Attention heads.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        states: Float tensor (batch, tokens, dim).
        asked: Integer, how many of the last tokens are to be placed.

    Output shape:
        (batch, asked, rows * columns)

    Raises:
        ValueError: If a size is no positive integer, or `hidden_dim` no multiple of
            `num_heads` and of 4.

    Example:
        >>> from keras import ops
        >>> decoder = PlaceDecoder((2, 2), hidden_dim=8, num_layers=1, num_heads=2)
        >>> tuple(decoder(ops.ones((1, 3, 6)), asked=2).shape)
        (1, 2, 4)

    Reference:
        Wang et al., 2023, section 3.1, https://arxiv.org/abs/2309.03576
    """

    def __init__(
        self,
        grid,
        hidden_dim: int = 512,
        num_layers: int = 2,
        num_heads: int = 16,
        name: str | None = None,
        **kwargs,
    ):
        sizes = (hidden_dim, num_layers, num_heads)
        super().__init__(grid, math.prod(grid), *sizes, name=name, **kwargs)

    def build(self, states_shape):
        self.build_blocks(states_shape)

    def call(self, states, *, asked):
        x = self.embedding(states)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, -asked:]))

    def compute_output_shape(self, states_shape, *, asked):
        return (states_shape[0], asked, self.output_dim)

    def get_config(self):
        config = super().get_config()
        del config["output_dim"]
        return config
