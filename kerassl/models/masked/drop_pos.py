"""DropPos: telling where the patches of an image belong."""

import math

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number, check_positive_integers
from kerassl.encoders.blocks import open_encoder
from kerassl.encoders.kernels import draw_kernels
from kerassl.errors import InvalidValue
from kerassl.layers.place_decoder import PlaceDecoder
from kerassl.losses.places import place_cross_entropy, smoothed_places
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.base import PretextModel
from kerassl.models.masked.patches import (
    check_decoder,
    masked_views,
    patch_embedding,
)
from kerassl.models.skeleton import head_policy, keep_untracked
from kerassl.ops import images_of, patches_of, take_rows

# Shares such as 0.1 are a little more or less in binary.
ROUNDING = 1e-6


@keras.saving.register_keras_serializable(package="kerassl")
class DropPos(PretextModel):
    """Trains a Vision Transformer to tell where patches without a position belong.

    Some patches of an image are visible, and of these some keep their positions; the
    others get one learnt vector in the place of theirs. A light decoder, thrown away
    afterwards, tells the place of each, a choice among all places of an image. To
    place an eye one must know what an eye is and where the face lies.

    Two things make it milder, since many patches could change places. A place near
    the right one counts as partly right, with a width of `sigma` patches that falls
    evenly to 0 over `total_steps`; `kerassl.pretrain` sets these to the steps of the
    recipe. And the patches of an image count by how much their features are like that
    of the whole, so that sky counts less than what stands before it; for this the
    encoder reads the whole image once more, without a gradient.

    Args:
        encoder: A `kerassl.encoders.vit` that gives all tokens, or another functional
            `keras.Model` of a `kerassl.layers.PatchEmbedding` and Transformer blocks.
            In the paper its positions are fixed, `positions="sin_cos"`.
        pretext: A `kerassl.pretext.MaskedPatches`, or any pretext layer with the same
            outputs.
        total_steps: Steps of the whole training, above 0.
        position_mask_ratio: Share of the visible patches, rounded up, that lose their
            positions, above 0, at most 1.
        sigma: Width in patches of what counts as right in the first step, 0 or more.
        affinity_temperature: Temperature of the softmax over an image's patches of
            the cosines between their features and that of the class token, above 0;
            None lets all patches count alike.
        decoder_dim: Width of the decoder, a multiple of `decoder_heads` and of 4.
        decoder_layers: Transformer blocks of the decoder.
        decoder_heads: Attention heads of the decoder.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        decoder: The `kerassl.layers.PlaceDecoder`, of no use after pretraining.
        dropped_position: What stands for a position that is dropped, (1, dim).
        steps: Variable, how many steps were trained.

    Input:
        Dict of `"images"`, as the encoder takes them, and the places of their
        `"visible"` and `"hidden"` patches, integers (batch, patches). The first of
        the visible ones keep their positions: they come in random order.

    Output:
        Tuple of the logits of the places, float (batch, asked, places), and of how
        much each patch counts, float (batch, asked).

    Logs:
        loss: Cross-entropy in nats, weighted by what counts; about ln of the number
            of places where nothing is learnt.
        accuracy: Share of the asked patches whose place is told, all counting alike;
            1 in the number of places is chance.

    Raises:
        ValueError: If a number is out of its range, the encoder has no patches, no
            class token though `affinity_temperature` is given, or gives no tokens, or
            the pretext layer cuts other patches.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import vit
        >>> from kerassl.pretext import MaskedPatches
        >>> encoder = vit((8, 8, 1), patch_size=2, num_layers=1, num_heads=2,
        ...               hidden_dim=8, positions="sin_cos")
        >>> masks = MaskedPatches(8, 2, 0.5, flip_rate=0.0, jit_compile=False)
        >>> task = DropPos(encoder, masks, total_steps=1, decoder_dim=8,
        ...                decoder_layers=1, decoder_heads=2)
        >>> task.compile("adam")
        >>> data = task.dataset(digits(), batch_size=32)
        >>> history = task.fit(data, steps_per_epoch=1, verbose=0)

    Reference:
        Wang et al., 2023, https://arxiv.org/abs/2309.03576
    """

    tracked = ("accuracy",)
    default_measures = ("classification", "pretext")
    run_arguments = {"total_steps": "steps"}

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        total_steps: int,
        position_mask_ratio: float = 0.75,
        sigma: float = 1.0,
        affinity_temperature: float | None = 0.1,
        decoder_dim: int = 512,
        decoder_layers: int = 2,
        decoder_heads: int = 16,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        embedding = patch_embedding(encoder, pretext)
        check_positive_integers(total_steps=total_steps)
        check_number("position_mask_ratio", position_mask_ratio, above=0, most=1)
        check_number("sigma", sigma, least=0)
        if affinity_temperature is not None:
            check_number("affinity_temperature", affinity_temperature, above=0)
            if not embedding.use_class_token:
                raise InvalidValue(
                    "`affinity_temperature` must be None for an encoder without a "
                    f"class token. Received: {affinity_temperature}"
                )
        check_decoder(decoder_dim, decoder_layers, decoder_heads)
        self.total_steps = total_steps
        self.position_mask_ratio = position_mask_ratio
        self.sigma = sigma
        self.affinity_temperature = affinity_temperature
        self.decoder_dim = decoder_dim
        self.decoder_layers = decoder_layers
        self.decoder_heads = decoder_heads
        self.dropped_position = self.add_weight(
            shape=(1, embedding.hidden_dim),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="dropped_position",
        )
        self.decoder = PlaceDecoder(
            embedding.grid,
            decoder_dim,
            decoder_layers,
            decoder_heads,
            dtype=head_policy(encoder),
            name="decoder",
        )
        self.decoder.build(encoder.output_shape)
        draw_kernels(self.decoder)
        self.steps = self.add_weight(
            shape=(), dtype="int", initializer="zeros", trainable=False, name="steps"
        )
        keep_untracked(self, _parts=open_encoder(encoder), _embedding=embedding)
        self.built = True

    def propagate(self, x, training):
        weights = self.affinity(x)
        states = self.encode_partly_placed(x, training)
        logits = self.decoder(states, asked=self._asked(x))
        if training:
            self.steps.assign(self.steps.value + 1)
        return logits, weights

    def encode_partly_placed(self, x, training=False):
        """Returns what the encoder makes of the visible patches, some without a place.

        Args:
            x: Dict of the batch, as the task takes it.
            training: Whether dropout is on.

        Returns:
            Float tensor (batch, first + visible, dim), the class token first if there
            is one, then the patches that keep their positions.
        """
        embedding, asked = self._embedding, self._asked(x)
        tokens = take_rows(embedding.patches(x["images"])[0], x["visible"])
        table = embedding.positions(embedding.grid)
        first = int(embedding.use_class_token)
        kept = ops.take(table[first:], x["visible"][:, :-asked], axis=0)
        rows = ops.shape(tokens)[0]
        whole = ops.broadcast_to(table[None, :first], (rows, first, table.shape[1]))
        dropped = ops.convert_to_tensor(self.dropped_position)[None]
        dropped = ops.broadcast_to(dropped, (rows, asked, table.shape[1]))
        positions = ops.concatenate([whole, kept, dropped], axis=1)
        tokens = embedding.after_class_token(tokens)
        tokens = tokens + ops.cast(positions, tokens.dtype)
        states = self._parts.run(tokens, training=training)
        return self._parts.norm(states, training=training)

    def affinity(self, x):
        """Returns how much each patch that is asked for counts.

        Args:
            x: Dict of the batch, as the task takes it.

        Returns:
            Float32 tensor (batch, asked), 0 or more; with those of the visible patches
            that keep their positions they sum to 1.
        """
        asked, visible = self._asked(x), x["visible"].shape[1]
        if self.affinity_temperature is None:
            return ops.ones_like(x["visible"][:, -asked:], dtype="float32") / visible
        states = ops.cast(self.encoder(x["images"], training=False), "float32")
        count = self.decoder.output_dim
        # A model that takes every size of image does not know how many there are.
        states = ops.reshape(states, (-1, 1 + count, states.shape[-1]))
        states = ops.stop_gradient(ops.normalize(states, axis=-1))
        cosines = take_rows(states[:, 1:], x["visible"]) @ ops.transpose(
            states[:, :1], (0, 2, 1)
        )
        # The softmax over all patches, divided by its sum over the visible ones.
        shares = ops.softmax(cosines[..., 0] / self.affinity_temperature, axis=-1)
        return shares[:, -asked:]

    def objective(self, x, y, outputs, training):
        logits, weights = outputs
        # In training the step has been counted already.
        done = ops.cast(self.steps.value, "float32") - float(bool(training))
        left = ops.clip(1.0 - done / self.total_steps, 0.0, 1.0)
        answers = smoothed_places(self.decoder.grid, self.sigma * left)
        return {
            "position": (place_cross_entropy(logits, self._places(x), answers), weights)
        }

    def measures(self, x, y, outputs):
        return {"accuracy": token_accuracy(outputs[0], self._places(x))}

    def loss_at_chance(self, batch_size):
        """Returns ln of the number of places, the loss of all alike."""
        return math.log(self.decoder.output_dim)

    def draw(self, inputs):
        """Returns a figure: images, their visible patches, and where they are put.

        The masks are the same in every call. A patch that keeps its position stands
        there, the others where the task puts them; of two at one place the surer one
        is seen.

        Args:
            inputs: Raw images, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from kerassl.pictures import image_rows

        x, shown, masked = masked_views(self.pretext, inputs)
        rows = [shown, masked, self._put(x, shown)]
        return image_rows(rows, titles=["image", "visible", "as told"])

    def get_config(self):
        return {
            **super().get_config(),
            "total_steps": self.total_steps,
            "position_mask_ratio": self.position_mask_ratio,
            "sigma": self.sigma,
            "affinity_temperature": self.affinity_temperature,
            "decoder_dim": self.decoder_dim,
            "decoder_layers": self.decoder_layers,
            "decoder_heads": self.decoder_heads,
        }

    def _asked(self, x):
        """Returns how many of the visible patches lose their positions."""
        visible = x["visible"].shape[1]
        return max(1, math.ceil(self.position_mask_ratio * visible - ROUNDING))

    def _places(self, x):
        """Returns the places that are to be told, (batch, asked)."""
        return x["visible"][:, -self._asked(x) :]

    def _put(self, x, shown):
        """Returns images whose visible patches lie where the task puts them."""
        distribute.read_state(self)
        logits = ops.convert_to_numpy(ops.cast(self(x, training=False)[0], "float32"))
        size, asked = self._embedding.patch_size[0], self._asked(x)
        patches = np.asarray(patches_of(shown, size))
        every = np.tile(np.arange(patches.shape[1]), (len(patches), 1))
        put = np.array(patches_of(self.pretext.masked(shown, every), size))
        for i, visible in enumerate(x["visible"]):
            kept, placed = visible[:-asked], visible[-asked:]
            put[i, kept] = patches[i, kept]
            for j in np.argsort(logits[i].max(axis=-1)):  # the surest last
                place = logits[i, j].argmax()
                if place not in kept:
                    put[i, place] = patches[i, placed[j]]
        return np.asarray(images_of(put, self.decoder.grid, size))
