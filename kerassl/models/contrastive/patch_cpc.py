"""CPC over the patches of an image: the rows below are predicted from above."""

import math

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer, check_number, check_positive_integers
from kerassl.encoders.patch_grid import MAP
from kerassl.errors import InvalidValue
from kerassl.layers.row_context import RowContext
from kerassl.losses.patches import patch_info_nce, patch_logits
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked


@keras.saving.register_keras_serializable(package="kerassl")
class PatchCPC(PretextModel):
    """Learns representations of patches by predicting those further down.

    Contrastive predictive coding: an image is cut into a grid of overlapping
    patches, each encoded by itself. A context network sums up the rows from the top
    down to each row, and from that sum a matrix for each distance predicts the
    patch so many rows below, in the same column. A prediction is to be told from
    all other patches, those of the same image and those of the other images of the
    batch, over all replicas. What can be predicted that far is no texture but what
    the patches have in common: the object.

    Patches that are near overlap, and the nearest can be predicted by what they
    share. Van den Oord et al. predict 1 to 5 rows below; Hénaff et al. leave the
    nearest out (`first_step=3, last_step=3` are those of their appendix).

    An encoder that normalises over the batch would let patches know of those to
    be predicted. `kerassl.encoders.conv` has no normalisation, `resnet` by
    `norm="layer"` one within a patch.

    Args:
        encoder: A functional `keras.Model` that has a layer "patch_map" whose output
            is a grid of vectors, (batch, rows, columns, dim), such as
            `kerassl.encoders.patch_grid` gives.
        pretext: A pretext layer that gives `({"image": ...},)`, such as
            `kerassl.pretext.RandomView`.
        first_step: The nearest row that is predicted, in rows below.
        last_step: The furthest one; the grid has more rows than that.
        target_dim: Dimensions of the space in which patches are compared.
        context_dim: Width inside of the context network.
        context_depth: Its blocks, each of which sees a row further up.
        prediction_scale: What predictions are multiplied by, above 0, so that
            scores are small at the start.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        context: The `RowContext`, as all that follows of no use after pretraining.
        target: The dense layer from patches to targets. It has no bias, which would
            change no softmax.
        predictors: A dense layer for each step.

    Input:
        `{"image": images}`, as the encoder takes them.

    Output:
        Dict: `"targets"`, float (batch, rows, columns, target_dim), and for each
        step k `"step<k>"`, float (batch, rows - k, columns, target_dim), the
        predictions.

    Logs:
        loss: InfoNCE in nats, mean over the predictions of a step, added up over
            the steps; steps * log(batch * rows * columns) where nothing is learnt.
        contrastive_accuracy: Share of predictions whose nearest patch is the right
            one of all.

    Raises:
        ValueError: If `encoder` has no such layer, the grid has too few rows for
            `last_step`, or a number is out of its range.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import conv, patch_grid
        >>> from kerassl.pretext import RandomView
        >>> encoder = patch_grid(conv((4, 4, 1), (4,), 8), (8, 8, 1), stride=2)
        >>> sizes = {"target_dim": 4, "context_dim": 8, "context_depth": 1}
        >>> view = RandomView(8, jit_compile=False)
        >>> task = PatchCPC(encoder, view, last_step=2, **sizes)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    References:
        van den Oord et al., 2018, https://arxiv.org/abs/1807.03748
        Hénaff et al., 2020, https://arxiv.org/abs/1905.09272
    """

    tracked = ("contrastive_accuracy",)
    can_collapse = True
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        first_step: int = 1,
        last_step: int = 5,
        target_dim: int = 64,
        context_dim: int = 256,
        context_depth: int = 5,
        prediction_scale: float = 0.1,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        patches = _map_of(encoder)
        check_integer("last_step", last_step, least=1, most=patches.shape[1] - 1)
        check_integer("first_step", first_step, least=1, most=last_step)
        check_positive_integers(
            target_dim=target_dim, context_dim=context_dim, context_depth=context_depth
        )
        check_number("prediction_scale", prediction_scale, above=0)
        self.first_step = first_step
        self.last_step = last_step
        self.target_dim = target_dim
        self.context_dim = context_dim
        self.context_depth = context_depth
        self.prediction_scale = prediction_scale
        dtype = head_policy(encoder)
        self.context = RowContext(
            context_dim, context_depth, dtype=dtype, name="context"
        )
        self.target = keras.layers.Dense(
            target_dim, use_bias=False, dtype=dtype, name="target"
        )
        self.predictors = [
            keras.layers.Dense(target_dim, dtype=dtype, name=f"predictor{step}")
            for step in self.steps
        ]
        for layer in (self.context, self.target, *self.predictors):
            layer.build(patches.shape)
        keep_untracked(self, _network=keras.Model(encoder.input, patches))
        self._places = patches.shape[1] * patches.shape[2]
        self.leave_unread(patches)
        self.built = True

    @property
    def steps(self):
        """The distances that are predicted, in rows."""
        return range(self.first_step, self.last_step + 1)

    def propagate(self, x, training):
        patches = self._network(x["image"], training=training)
        context = self.context(patches)
        predicted = {
            f"step{step}": self.prediction_scale * predictor(context[:, :-step])
            for step, predictor in zip(self.steps, self.predictors, strict=True)
        }
        return {"targets": self.target(patches), **predicted}

    def objective(self, x, y, outputs, training):
        keys, offset = distribute.gather_keys(outputs["targets"])
        return {
            f"step{step}": patch_info_nce(outputs[f"step{step}"], keys, step, offset)
            for step in self.steps
        }

    def measures(self, x, y, outputs):
        keys, offset = distribute.gather_keys(outputs["targets"])
        right = []
        for step in self.steps:
            logits, own = patch_logits(outputs[f"step{step}"], keys, step, offset)
            right.append(ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), own))
        return {"contrastive_accuracy": ops.concatenate(right)}

    def loss_at_chance(self, batch_size):
        return len(self.steps) * math.log(batch_size * self._places)

    def view(self, x):
        return x["image"]

    def get_config(self):
        return {
            **super().get_config(),
            "first_step": self.first_step,
            "last_step": self.last_step,
            "target_dim": self.target_dim,
            "context_dim": self.context_dim,
            "context_depth": self.context_depth,
            "prediction_scale": self.prediction_scale,
        }


def _map_of(encoder):
    """Returns the grid of patches, symbolic."""
    known = {layer.name: layer for layer in getattr(encoder, "layers", [])}
    if MAP not in known or len(known[MAP].output.shape) != 4:
        raise InvalidValue(
            f"`encoder` must have a layer {MAP!r} that gives (batch, rows, columns, "
            "dim), as `kerassl.encoders.patch_grid` makes it. Received an encoder with "
            f"the layers {sorted(known)}"
        )
    return known[MAP].output
