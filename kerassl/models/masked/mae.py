"""Masked autoencoders: drawing three quarters of an image from the rest."""

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.encoders.blocks import open_encoder
from kerassl.encoders.kernels import draw_kernels
from kerassl.layers.patch_decoder import PatchDecoder
from kerassl.losses.hidden_patches import normalized_patches
from kerassl.losses.reconstruction import mean_squared_error
from kerassl.models.base import PretextModel
from kerassl.models.masked.patches import (
    check_decoder,
    masked_views,
    patch_embedding,
)
from kerassl.models.skeleton import head_policy, keep_untracked
from kerassl.ops import images_of, patches_of, take_rows


@keras.saving.register_keras_serializable(package="kerassl")
class MAE(PretextModel):
    """Trains a Vision Transformer to restore images of which most is hidden.

    The encoder sees the visible patches alone: the hidden ones are dropped before its
    blocks, which is why a step costs a fraction of one over the whole image. A light
    decoder, thrown away afterwards, is given their states and one learnt token for
    each hidden patch, and draws the hidden patches.

    The loss is the mean squared error over the numbers of the hidden patches. By
    default each patch is to be told with its own mean taken away and its own contrast
    divided out.

    Args:
        encoder: A `kerassl.encoders.vit` that gives all tokens, or another functional
            `keras.Model` of a `kerassl.layers.PatchEmbedding` and Transformer blocks.
            In the paper its positions are fixed, `positions="sin_cos"`.
        pretext: A `kerassl.pretext.MaskedPatches`, or any pretext layer with the same
            outputs.
        decoder_dim: Width of the decoder, a multiple of `decoder_heads` and of 4.
        decoder_layers: Transformer blocks of the decoder.
        decoder_heads: Attention heads of the decoder.
        normalize_targets: Whether each hidden patch is to be told as
            `kerassl.losses.normalized_patches` has it, instead of as its pixels.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        decoder: The `kerassl.layers.PatchDecoder`, of no use after pretraining.

    Input:
        Dict of `"images"`, as the encoder takes them, and the places of their
        `"visible"` and `"hidden"` patches, integers (batch, patches).

    Output:
        Float tensor (batch, hidden, numbers of a patch), what is told of the hidden
        patches in their order.

    Logs:
        loss: Mean squared error over the hidden patches. With normalised targets it
            is 1 where nothing is learnt, less the share of plain patches, which
            become zeros.
        plain_guess: That of guessing each hidden patch's own mean, 0 of normalised
            ones.

    Raises:
        ValueError: If a number is out of its range, the encoder has no patches or
            gives no tokens, or the pretext layer cuts other patches.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import vit
        >>> from kerassl.pretext import MaskedPatches
        >>> encoder = vit((8, 8, 1), patch_size=2, num_layers=1, num_heads=2,
        ...               hidden_dim=8, positions="sin_cos")
        >>> masks = MaskedPatches(8, 2, flip_rate=0.0, jit_compile=False)
        >>> task = MAE(encoder, masks, decoder_dim=8, decoder_layers=1,
        ...            decoder_heads=2)
        >>> task.compile("adam")
        >>> data = task.dataset(digits(), batch_size=32)
        >>> history = task.fit(data, steps_per_epoch=1, verbose=0)

    Reference:
        He et al., 2021, https://arxiv.org/abs/2111.06377
    """

    tracked = ("plain_guess",)
    baselines = {"plain_guess": "each hidden patch's own mean"}
    default_measures = ("classification", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        decoder_dim: int = 512,
        decoder_layers: int = 8,
        decoder_heads: int = 16,
        normalize_targets: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        embedding = patch_embedding(encoder, pretext)
        check_decoder(decoder_dim, decoder_layers, decoder_heads)
        self.decoder_dim = decoder_dim
        self.decoder_layers = decoder_layers
        self.decoder_heads = decoder_heads
        self.normalize_targets = normalize_targets
        self.patch_size = embedding.patch_size[0]
        self.decoder = PatchDecoder(
            embedding.grid,
            self.patch_size**2 * encoder.input_shape[-1],
            decoder_dim,
            decoder_layers,
            decoder_heads,
            dtype=head_policy(encoder),
            name="decoder",
        )
        self.decoder.build(encoder.output_shape)
        draw_kernels(self.decoder)
        keep_untracked(
            self, _parts=open_encoder(encoder), _first=int(embedding.use_class_token)
        )
        self.built = True

    def propagate(self, x, training):
        states = self.encode_visible(x, training)
        return self.decoder(states, x["visible"], x["hidden"])

    def encode_visible(self, x, training=False):
        """Returns what the encoder makes of the visible patches alone.

        Args:
            x: Dict of the batch, as the task takes it.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, first + visible, dim), the class token first if there
            is one.
        """
        tokens = self._parts.embed(x["images"], training=training)
        visible = take_rows(tokens, x["visible"] + self._first)
        tokens = ops.concatenate([tokens[:, : self._first], visible], axis=1)
        states = self._parts.run(tokens, training=training)
        return self._parts.norm(states, training=training)

    def objective(self, x, y, outputs, training):
        return {"mae": mean_squared_error(self._targets(x), outputs)}

    def measures(self, x, y, outputs):
        targets = self._targets(x)
        mean = ops.mean(targets, axis=-1, keepdims=True)
        return {"plain_guess": mean_squared_error(targets, mean + 0 * targets)}

    def draw(self, inputs):
        """Returns a figure: images, what is visible of them, and what is restored.

        The masks are the same in every call. Where targets are normalised, a hidden
        patch is drawn with its own mean and contrast, which the task does not tell.

        Args:
            inputs: Raw images, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from kerassl.pictures import image_rows

        x, shown, masked = masked_views(self.pretext, inputs)
        restored = self.pretext.values(self.restore(x))
        rows = [shown, masked, restored]
        return image_rows(rows, titles=["image", "visible", "restored"])

    def restore(self, x):
        """Returns images whose hidden patches are those that the task tells.

        Args:
            x: Dict of a batch, as the task takes it.

        Returns:
            Float32 NumPy array like `x["images"]`.
        """
        distribute.read_state(self)
        told = ops.convert_to_numpy(ops.cast(self(x, training=False), "float32"))
        patches = np.array(
            ops.convert_to_numpy(patches_of(x["images"], self.patch_size))
        )
        places = np.asarray(x["hidden"])[:, :, None]
        if self.normalize_targets:
            hidden = np.take_along_axis(patches, places, axis=1)
            mean = hidden.mean(axis=-1, keepdims=True)
            told = mean + told * hidden.std(axis=-1, keepdims=True)
        np.put_along_axis(patches, places, told, axis=1)
        return np.asarray(images_of(patches, self.decoder.grid, self.patch_size))

    def get_config(self):
        return {
            **super().get_config(),
            "decoder_dim": self.decoder_dim,
            "decoder_layers": self.decoder_layers,
            "decoder_heads": self.decoder_heads,
            "normalize_targets": self.normalize_targets,
        }

    def _targets(self, x):
        """Returns what is to be told of the hidden patches, float32."""
        images = ops.cast(x["images"], "float32")
        hidden = take_rows(patches_of(images, self.patch_size), x["hidden"])
        return normalized_patches(hidden) if self.normalize_targets else hidden
