"""The predictor of I-JEPA: the states of blocks that an encoder has not seen."""

from collections.abc import Sequence

import keras
from keras import ops

from kerassl.layers.patch_decoder import PatchDecoder


@keras.saving.register_keras_serializable(package="kerassl")
class BlockPredictor(PatchDecoder):
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
        sizes = (hidden_dim, num_layers, num_heads)
        super().__init__(grid, output_dim, *sizes, name=name, **kwargs)

    def build(self, states_shape, *other_shapes):
        super().build(states_shape)

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
