"""I-JEPA: predicting what a slow copy gives for blocks of an image from the rest."""

import keras
from keras import ops

from kerassl.checks import check_number, check_positive_integers, check_width
from kerassl.encoders.blocks import open_encoder
from kerassl.encoders.kernels import draw_kernels
from kerassl.layers.block_predictor import BlockPredictor
from kerassl.layers.moving_average import MovingAverage
from kerassl.losses.distillation import smooth_l1
from kerassl.models.base import PretextModel
from kerassl.models.masked.patches import patch_embedding
from kerassl.models.skeleton import averaged_encoder, head_policy, keep_untracked
from kerassl.ops.patches import take_rows

# As PyTorch's layer normalisation.
EPSILON = 1e-5
# The smooth L1 distance of 0 from a normal variable.
AT_CHANCE = 0.425


@keras.saving.register_keras_serializable(package="kerassl")
class IJEPA(PretextModel):
    """Learns representations by predicting those of blocks that it does not see.

    The context encoder, a Vision Transformer, sees some patches of an image and no
    others. From its states a narrow predictor tells what the target encoder, the
    moving average of the context encoder, gives for the patches of several blocks.
    That one sees the whole image; its states are normalised, and no gradient flows
    through them. Nothing is told of pixels, there are no views to agree, and images
    are cropped but not recoloured.

    Constant states would be easy to predict. As in BYOL, the slow target and the
    predictor keep training away from them; `kerassl.callbacks.CollapseMonitor` tells.

    The share that the target keeps in a step rises evenly from `base_momentum` to 1
    over `total_steps`, which must therefore be the steps that you train for: the target
    stands still afterwards. `kerassl.pretrain` sets it to those of the recipe.

    A class token, which `kerassl.encoders.vit` has and the paper has not, goes along
    in both encoders and is not predicted from. Features are the mean of all tokens.

    Args:
        encoder: A Vision Transformer that gives all tokens, such as
            `kerassl.encoders.vit`; the paper's positions are `"sin_cos"`.
        pretext: A pretext layer that gives what `kerassl.pretext.MultiBlock` does, of
            the encoder's size and patches.
        total_steps: Steps of the whole training, above 0.
        predictor_dim: Width of the predictor, a multiple of `predictor_heads` and 4.
        predictor_layers: Transformer blocks of the predictor.
        predictor_heads: Attention heads of the predictor, in the paper as many as the
            encoder has.
        base_momentum: Share of the target kept in the first step, in [0, 1]. Short
            trainings need less than the default.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        predictor: The `BlockPredictor`, of no use after pretraining.
        target: The `MovingAverage` of the encoder. `target_encoder` gives its
            encoder, which the paper evaluates.

    Input:
        Dict as `kerassl.pretext.MultiBlock` gives it.

    Output:
        Tuple of two float tensors (batch, blocks, patches, dim): predictions and
        targets.

    Logs:
        loss: Smooth L1 distance, the mean over dimensions and patches; about 0.42
            where nothing is predicted. It falls at once to what the same guess for
            every image gives, and near 0 where all states are one.

    Raises:
        ValueError: If a size is out of its range, the encoder is no such Vision
            Transformer, or `pretext` cuts other patches.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import vit
        >>> from kerassl.pretext import MultiBlock
        >>> encoder = vit((8, 8, 1), 2, num_layers=1, num_heads=2, hidden_dim=8)
        >>> sizes = {"predictor_dim": 8, "predictor_layers": 1, "predictor_heads": 2}
        >>> blocks = MultiBlock(8, 2, num_targets=2)
        >>> task = IJEPA(encoder, blocks, total_steps=2, **sizes)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Assran et al., 2023, https://arxiv.org/abs/2301.08243
    """

    can_collapse = True
    run_arguments = {"total_steps": "steps"}

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        total_steps: int,
        predictor_dim: int = 384,
        predictor_layers: int = 12,
        predictor_heads: int = 12,
        base_momentum: float = 0.996,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        embedding = patch_embedding(encoder, pretext)
        check_positive_integers(total_steps=total_steps)
        check_width(predictor_dim=predictor_dim, predictor_layers=predictor_layers)
        check_width(predictor_heads=predictor_heads)
        check_number("base_momentum", base_momentum, least=0, most=1)
        self.total_steps = total_steps
        self.predictor_dim = predictor_dim
        self.predictor_layers = predictor_layers
        self.predictor_heads = predictor_heads
        self.base_momentum = base_momentum
        self.predictor = BlockPredictor(
            embedding.grid,
            encoder.output_shape[-1],
            predictor_dim,
            predictor_layers,
            predictor_heads,
            dtype=head_policy(encoder),
            name="predictor",
        )
        self.predictor.build(encoder.output_shape)
        draw_kernels(self.predictor)
        keep_untracked(
            self, _parts=open_encoder(encoder), _first=int(embedding.use_class_token)
        )
        self.target = MovingAverage(encoder, name="target")
        self.built = True

    @property
    def momentum(self):
        """Float32 scalar, the share of the target that the next step keeps."""
        # The paper's step updates the weights, then the target; here the second half
        # happens at the beginning of the next step.
        done = ops.cast(self.target.updates.value - 1, "float32")
        share = ops.clip(done / self.total_steps, 0.0, 1.0)
        return self.base_momentum + (1.0 - self.base_momentum) * share

    def target_encoder(self):
        """Returns a copy of the encoder with the target's weights as they are now.

        Returns:
            A `keras.Model` like `encoder`.
        """
        return averaged_encoder(self.encoder, self.encoder, self.target)

    def encoders(self):
        return {**super().encoders(), "target_encoder": self.target_encoder()}

    def view(self, x):
        return x["images"]

    def propagate(self, x, training):
        if training:
            self.target.follow(self.encoder, self.momentum)
        masks = x["context_mask"], x["target_mask"]
        predictions = self.predictor(
            self._context(x, training), x["context"], masks[0], x["targets"], masks[1]
        )
        return predictions, ops.stop_gradient(self._targets(x, training))

    def objective(self, x, y, outputs, training):
        return {"ijepa": (smooth_l1(*outputs), x["target_mask"])}

    def loss_at_chance(self, batch_size):
        return AT_CHANCE

    def _context(self, x, training):
        """Returns the states of the context's patches, which see no others."""
        tokens = self._parts.embed(x["images"], training=training)
        seen = take_rows(tokens, x["context"] + self._first)
        tokens = ops.concatenate([tokens[:, : self._first], seen], axis=1)
        mask = ops.pad(x["context_mask"], ((0, 0), (self._first, 0)), constant_values=1)
        states = self._parts.run(tokens, padding_mask=mask, training=training)
        return self._parts.norm(states, training=training)[:, self._first :]

    def _targets(self, x, training):
        """Returns the normalised states of the targets' patches, float32."""
        states = self.target(x["images"], training=training)[:, self._first :]
        states = ops.cast(states, "float32")
        mean, variance = ops.moments(states, axes=[-1], keepdims=True)
        states = (states - mean) * ops.rsqrt(variance + EPSILON)
        _, blocks, patches = x["targets"].shape
        count, dim = self.predictor.grid[0] * self.predictor.grid[1], states.shape[-1]
        # A model that takes every size of image does not know how many there are.
        states = ops.reshape(states, (-1, count, dim))
        rows = take_rows(states, ops.reshape(x["targets"], (-1, blocks * patches)))
        return ops.reshape(rows, (-1, blocks, patches, dim))

    def get_config(self):
        return {
            **super().get_config(),
            "total_steps": self.total_steps,
            "predictor_dim": self.predictor_dim,
            "predictor_layers": self.predictor_layers,
            "predictor_heads": self.predictor_heads,
            "base_momentum": self.base_momentum,
        }
