"""SimCLR: two views of an image should agree, and differ from all others."""

import math

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_positive_integers
from kerassl.encoders.pooling import feature_model
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import (
    check_temperature,
    nt_xent_logits,
    nt_xent_per_example,
)
from kerassl.models.base import PretextModel
from kerassl.models.crops import together
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class SimCLR(PretextModel):
    """Learns representations by telling pairs of views from all other views.

    Both views pass the encoder at once, then a projection head; the NT-Xent
    loss compares every projection with the 2 * batch - 1 others, over all
    replicas. It wants large batches: negatives come from the batch alone.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`.
        projection_dim: Dimensions of the space in which views are compared.
        hidden_dim: Width of the head's hidden layer, or None for the
            encoder's feature width.
        temperature: Softmax temperature, above 0.
        final_batch_norm: Normalise the projections over the batch, without an
            offset, as the authors' code does. The paper's formula ends with a
            plain matrix, which is the default here; where a small batch or a
            narrow encoder leaves all projections in one direction, the
            normalisation takes that direction away.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `ProjectionHead`, of no use after pretraining.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Tuple of two float tensors (batch, projection_dim), one for each view.

    Logs:
        loss: NT-Xent in nats; log(2 * batch - 1) where nothing is learnt.
        contrastive_accuracy: Share of views whose nearest projection is that
            of the other view of the same image.

    Raises:
        ValueError: If `temperature` <= 0, a width is not a positive integer or
            the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> task = SimCLR(encoder, TwoViews(8, blur_rate=0.0), projection_dim=4)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Chen et al., 2020, https://arxiv.org/abs/2002.05709
    """

    views = ("view1", "view2")
    tracked = ("contrastive_accuracy",)
    can_collapse = True
    least_examples = 2
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        projection_dim: int = 128,
        hidden_dim: int | None = None,
        temperature: float = 0.1,
        pooling: str = "auto",
        final_batch_norm: bool = False,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        check_positive_integers(projection_dim=projection_dim)
        if hidden_dim is not None:
            check_positive_integers(hidden_dim=hidden_dim)
        self.projection_dim = projection_dim
        self.hidden_dim = hidden_dim
        self.temperature = temperature
        self.pooling = pooling
        self.final_batch_norm = final_batch_norm
        feature_dim = feature_model(encoder, pooling).output_shape[-1]
        self.head = ProjectionHead(
            projection_dim,
            hidden_dims=(hidden_dim or feature_dim,),
            final_batch_norm=final_batch_norm,
            dtype=head_policy(encoder),
            name="head",
        )
        network = with_head(encoder, self.head, pooling)
        keep_untracked(self, _network=network)
        self.built = True

    def propagate(self, x, training):
        return together(self._network, x, self.views, training)

    def objective(self, x, y, outputs, training):
        return {"nt_xent": nt_xent_per_example(*self._compared(outputs))}

    def measures(self, x, y, outputs):
        logits, positives = nt_xent_logits(*self._compared(outputs))
        nearest = ops.argmax(logits, axis=-1)
        return {"contrastive_accuracy": ops.equal(nearest, positives)}

    def loss_at_chance(self, batch_size):
        return math.log(2 * batch_size - 1)

    def _compared(self, outputs):
        """Returns the arguments of the loss: local anchors, keys of all replicas."""
        (keys1, keys2), offset = distribute.gather_keys(outputs)
        return *outputs, keys1, keys2, offset, self.temperature

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dim": self.hidden_dim,
            "temperature": self.temperature,
            "pooling": self.pooling,
            "final_batch_norm": self.final_batch_norm,
        }
