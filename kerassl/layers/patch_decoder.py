"""The decoder of a masked autoencoder: what the hidden patches hold."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from kerassl.checks import check_width, check_widths
from kerassl.errors import InvalidValue
from kerassl.layers.sin_cos_positions import sin_cos_positions


@keras.saving.register_keras_serializable(package="kerassl")
class PatchDecoder(keras.layers.Layer):
    """Tells hidden patches from the states of the visible ones.

    A linear map takes the states to the decoder's width, one learnt token stands for
    each hidden patch, each token is given the fixed vector of its place
    (`sin_cos_positions`), and Transformer blocks, a normalisation and a linear map
    follow. The tokens keep the order in which they come, as a Transformer knows of
    order nothing but the vectors of the places: to sort them by place would give the
    same.

    Args:
        grid: (rows, columns) of an image's patches.
        output_dim: Numbers that are told of each hidden patch.
        hidden_dim: Width of the blocks, a multiple of `num_heads` and of 4.
        num_layers: Transformer blocks.
        num_heads: Attention heads.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        states: Float tensor (batch, first + visible, dim): those of tokens that are
            no patches, if any, then those of the visible patches.
        visible: Integer tensor (batch, visible), the places of these patches, from 0
            to rows * columns - 1.
        hidden: Integer tensor (batch, hidden), the places that are asked for.

    Output shape:
        (batch, hidden, output_dim), in the order of `hidden`.

    Raises:
        ValueError: If a size is no positive integer, or `hidden_dim` no multiple of
            `num_heads` and of 4.

    Example:
        >>> decoder = PatchDecoder((2, 2), 48, hidden_dim=8, num_layers=1, num_heads=2)
        >>> states = ops.ones((1, 1 + 1, 6))
        >>> tuple(decoder(states, ops.array([[2]]), ops.array([[3, 0, 1]])).shape)
        (1, 3, 48)

    Reference:
        He et al., 2021, section 3, https://arxiv.org/abs/2111.06377
    """

    def __init__(
        self,
        grid: Sequence[int],
        output_dim: int,
        hidden_dim: int = 512,
        num_layers: int = 8,
        num_heads: int = 16,
        name: str | None = None,
        **kwargs,
    ):
        import keras_hub

        super().__init__(name=name, **kwargs)
        check_widths(grid=grid)
        check_width(output_dim=output_dim, hidden_dim=hidden_dim)
        check_width(num_layers=num_layers, num_heads=num_heads)
        if hidden_dim % num_heads or hidden_dim % 4:
            raise InvalidValue(
                "`hidden_dim` must be a multiple of `num_heads` and of 4. Received: "
                f"{hidden_dim} and {num_heads}"
            )
        self.grid = tuple(grid)
        self.output_dim = output_dim
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        self.num_heads = num_heads
        policy = self.dtype_policy
        self.embedding = keras.layers.Dense(hidden_dim, dtype=policy, name="embedding")
        self.blocks = [
            keras_hub.layers.TransformerEncoder(
                4 * hidden_dim,
                num_heads,
                activation="gelu",
                layer_norm_epsilon=1e-6,
                normalize_first=True,
                dtype=policy,
                name=f"block{i}",
            )
            for i in range(1, num_layers + 1)
        ]
        self.norm = keras.layers.LayerNormalization(
            epsilon=1e-6, dtype=policy, name="norm"
        )
        # Small, so that a training begins at the loss of telling nothing.
        self.head = keras.layers.Dense(
            output_dim,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype=policy,
            name="head",
        )
        self._positions = sin_cos_positions(self.grid, hidden_dim)

    def build(self, states_shape, visible_shape=None, hidden_shape=None):
        self.mask_token = self.add_weight(
            shape=(1, self.hidden_dim),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="mask_token",
        )
        self.build_blocks(states_shape)

    def build_blocks(self, states_shape):
        """Builds all but the token that stands for a hidden patch."""
        self.embedding.build(states_shape)
        inner = (None, None, self.hidden_dim)
        for block in self.blocks:
            block.build(inner)
        self.norm.build(inner)
        self.head.build(inner)

    def call(self, states, visible, hidden):
        x = self.embedding(states)
        first = x.shape[1] - visible.shape[1]
        tokens = ops.cast(self._places(hidden), x.dtype) + ops.cast(
            self.mask_token, x.dtype
        )
        places = ops.cast(self._places(visible), x.dtype)
        x = ops.concatenate([x[:, :first], x[:, first:] + places, tokens], axis=1)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, -hidden.shape[1] :]))

    def compute_output_shape(self, states_shape, visible_shape, hidden_shape):
        return (*hidden_shape, self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "grid": self.grid,
            "output_dim": self.output_dim,
            "hidden_dim": self.hidden_dim,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
        }

    def _places(self, indices):
        """Returns the vectors of places, float32 (batch, places, hidden_dim)."""
        table = ops.convert_to_tensor(np.asarray(self._positions))
        return ops.take(table, ops.cast(indices, "int32"), axis=0)
