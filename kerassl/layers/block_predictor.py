"""The predictor of I-JEPA: the states of blocks that an encoder has not seen."""

from collections.abc import Sequence

import keras
from keras import ops

from kerassl.checks import check_width, check_widths
from kerassl.errors import InvalidValue
from kerassl.layers.sin_cos_positions import sin_cos_positions


@keras.saving.register_keras_serializable(package="kerassl")
class BlockPredictor(keras.layers.Layer):
    """Predicts the states of blocks of patches from those of a context.

    A linear map takes the context's states to the predictor's width, which is narrow;
    one learnt token stands for each patch that is asked for; all get the fixed vector
    of their place (`sin_cos_positions`). Transformer blocks, a normalisation and a
    linear map back to the states' width follow. Each block of an image is predicted
    apart, from the context and its own tokens alone.

    Args:
        grid: (rows, columns) of an image's patches.
        output_dim: Dimensions of the states that are predicted.
        hidden_dim: Width of the Transformer blocks, a multiple of `num_heads` and of 4.
        num_layers: Transformer blocks.
        num_heads: Attention heads.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        states: Float tensor (batch, context, dim), those of the context's patches.
        context: Integer tensor (batch, context), the places of these patches, from 0
            to rows * columns - 1.
        context_mask: Integer tensor (batch, context), 1 where a patch counts, which
            one at least does, and 0 where nothing attends to it.
        targets: Integer tensor (batch, blocks, patches), the places asked for.
        target_mask: Integer tensor like `targets`, as `context_mask`.

    Output shape:
        (batch, blocks, patches, output_dim)

    Raises:
        ValueError: If a size is no positive integer, or `hidden_dim` no multiple of
            `num_heads` and of 4.

    Example:
        >>> predictor = BlockPredictor((2, 2), 6, hidden_dim=8, num_layers=1,
        ...                            num_heads=2)
        >>> context, targets = ops.array([[0, 1]]), ops.array([[[2], [3]]])
        >>> masks = ops.ones_like(context), ops.ones_like(targets)
        >>> states = ops.ones((1, 2, 6))
        >>> tuple(predictor(states, context, masks[0], targets, masks[1]).shape)
        (1, 2, 1, 6)

    Reference:
        Assran et al., 2023, section 3, https://arxiv.org/abs/2301.08243
    """

    def __init__(
        self,
        grid: Sequence[int],
        output_dim: int,
        hidden_dim: int = 384,
        num_layers: int = 12,
        num_heads: int = 12,
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
        # Small, so that a training begins at the loss of predicting nothing.
        self.head = keras.layers.Dense(
            output_dim, kernel_initializer=_small(), dtype=policy, name="head"
        )
        self._table = sin_cos_positions(self.grid, hidden_dim)

    def build(self, states_shape, *other_shapes):
        self.mask_token = self.add_weight(
            shape=(1, self.hidden_dim), initializer=_small(), name="mask_token"
        )
        self.embedding.build(states_shape)
        inner = (None, None, self.hidden_dim)
        for layer in (*self.blocks, self.norm, self.head):
            layer.build(inner)

    def call(self, states, context, context_mask, targets, target_mask):
        blocks, patches = targets.shape[1:]
        x = self.embedding(states)
        x = x + ops.cast(self._places(context), x.dtype)
        # Each block of an image becomes an example of its own.
        x = ops.repeat(x, blocks, axis=0)
        asked = ops.cast(self.mask_token, x.dtype) + ops.cast(
            self._places(ops.reshape(targets, (-1, patches))), x.dtype
        )
        masks = (
            ops.repeat(context_mask, blocks, axis=0),
            ops.reshape(target_mask, (-1, patches)),
        )
        mask = ops.concatenate([ops.cast(m, "int32") for m in masks], axis=1)
        x = ops.concatenate([x, asked], axis=1)
        for block in self.blocks:
            x = block(x, padding_mask=mask)
        predicted = self.head(self.norm(x[:, -patches:]))
        return ops.reshape(predicted, (-1, blocks, patches, self.output_dim))

    def compute_output_shape(
        self, states_shape, context_shape, context_mask_shape, targets_shape, *masks
    ):
        return (*targets_shape, self.output_dim)

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
        table = ops.convert_to_tensor(self._table)
        return ops.take(table, ops.cast(indices, "int32"), axis=0)


def _small():
    return keras.initializers.RandomNormal(stddev=0.02)
