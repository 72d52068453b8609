"""SimMIM: telling hidden pixels by one linear layer on the encoder."""

import keras
from keras import ops

from kerassl.encoders.blocks import open_encoder
from kerassl.losses.reconstruction import mean_absolute_error
from kerassl.models.base import PretextModel
from kerassl.models.masked.patches import patch_embedding
from kerassl.models.skeleton import head_policy, keep_untracked
from kerassl.ops import patches_of, take_rows


@keras.saving.register_keras_serializable(package="kerassl")
class SimMIM(PretextModel):
    """Trains a Vision Transformer to tell the pixels of hidden squares (SimMIM).

    One learnt token takes the place of each hidden patch before the encoder, which so
    runs over whole images, and a single linear layer on its output tells the pixels.
    The loss is their mean absolute error, over the hidden pixels alone and divided by
    the channels too.

    Args:
        encoder: A `kerassl.encoders.vit` that gives all tokens, or another functional
            `keras.Model` of a `kerassl.layers.PatchEmbedding` and Transformer blocks.
        pretext: A `kerassl.pretext.MaskedPatches`, or any pretext layer with the same
            outputs. In the paper 0.6 of all squares of 32 pixels are hidden.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The linear layer, of no use after pretraining.
        mask_token: What stands for a hidden patch, (1, dim).

    Input:
        Dict of `"images"`, as the encoder takes them, and the places of their
        `"visible"` and `"hidden"` patches, integers (batch, patches).

    Output:
        Float tensor (batch, hidden, numbers of a patch), the pixels that are told of
        the hidden patches in their order.

    Logs:
        loss: Mean absolute error of the hidden pixels, on the scale of `"images"`.
        visible_mean: That of guessing, for each image and channel, the mean of what is
            visible. A task that has learnt anything is below it.

    Raises:
        ValueError: If the encoder has no patches or gives no tokens, or the pretext
            layer cuts other patches.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import vit
        >>> from kerassl.pretext import MaskedPatches
        >>> encoder = vit((8, 8, 1), patch_size=2, num_layers=1, num_heads=2,
        ...               hidden_dim=8)
        >>> masks = MaskedPatches(8, 2, 0.6, unit_size=4, flip_rate=0.0,
        ...                       jit_compile=False)
        >>> task = SimMIM(encoder, masks)
        >>> task.compile("adam")
        >>> data = task.dataset(digits(), batch_size=32)
        >>> history = task.fit(data, steps_per_epoch=1, verbose=0)

    Reference:
        Xie et al., 2021, https://arxiv.org/abs/2111.09886
    """

    tracked = ("visible_mean",)
    baselines = {"visible_mean": "the mean of what is visible"}
    default_measures = ("classification", "pretext")

    def __init__(self, encoder, pretext=None, *, name: str | None = None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        embedding = patch_embedding(encoder, pretext)
        self.patch_size = embedding.patch_size[0]
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.mask_token = self.add_weight(
            shape=(1, embedding.hidden_dim), initializer=small, name="mask_token"
        )
        # Small, so that a training begins near the loss of guessing 0.
        self.head = keras.layers.Dense(
            self.patch_size**2 * encoder.input_shape[-1],
            kernel_initializer=small.clone(),
            dtype=head_policy(encoder),
            name="head",
        )
        self.head.build(encoder.output_shape)
        keep_untracked(
            self,
            _parts=open_encoder(encoder),
            _embedding=embedding,
            _first=int(embedding.use_class_token),
        )
        self.built = True

    def propagate(self, x, training):
        states = self.encode_masked(x, training)
        return self.head(take_rows(states, x["hidden"] + self._first))

    def encode_masked(self, x, training=False):
        """Returns what the encoder makes of images whose hidden patches are tokens.

        Args:
            x: Dict of the batch, as the task takes it.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, first + patches, dim), the class token first if there
            is one.
        """
        tokens = self._parts.embed(x["images"], training=training)
        hidden = ops.one_hot(x["hidden"] + self._first, tokens.shape[1])
        hidden = ops.sum(hidden, axis=1)[:, :, None] > 0  # (batch, tokens, 1)
        # The place is added after the patch has been replaced.
        stand_in = self.mask_token + self._embedding.positions(self._embedding.grid)
        tokens = ops.where(hidden, ops.cast(stand_in, tokens.dtype)[None], tokens)
        states = self._parts.run(tokens, training=training)
        return self._parts.norm(states, training=training)

    def objective(self, x, y, outputs, training):
        targets = take_rows(self._patches(x), x["hidden"])
        return {"simmim": mean_absolute_error(targets, outputs)}

    def measures(self, x, y, outputs):
        patches, channels = self._patches(x), x["images"].shape[-1]
        shown, hidden = (
            _pixels(take_rows(patches, x[name]), channels)
            for name in ("visible", "hidden")
        )
        guess = ops.mean(shown, axis=1, keepdims=True) + 0 * hidden
        return {"visible_mean": mean_absolute_error(hidden, guess)}

    def _patches(self, x):
        """Returns all patches of a batch, float32."""
        return patches_of(ops.cast(x["images"], "float32"), self.patch_size)


def _pixels(patches, channels):
    """Returns patches as pixels, (batch, pixels, channels)."""
    numbers = patches.shape[1] * patches.shape[2]
    return ops.reshape(patches, (-1, numbers // channels, channels))
