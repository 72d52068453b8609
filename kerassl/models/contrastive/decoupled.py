"""Decoupled contrastive learning: no positive pair among the negatives."""

import math

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number, check_positive_integers
from kerassl.encoders.pooling import feature_model
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import (
    check_temperature,
    decoupled_contrastive,
    nt_xent_logits,
    von_mises_fisher_weights,
)
from kerassl.models.base import PretextModel
from kerassl.models.crops import together
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class DecoupledContrastive(PretextModel):
    """Learns representations as SimCLR does, from smaller batches.

    In the loss of SimCLR all gradients of an anchor are scaled by how badly it is
    told from its negatives, so an easy task, such as a small batch sets, teaches
    little. This loss (DCL) leaves the positive pair out of the denominator, which
    takes that factor away. All else is SimCLR's: both views pass the encoder at
    once, then a projection head, and negatives are both views of all other images
    of the batch, over all replicas.

    With `sigma` it is the weighted form, DCLW: positive pairs that are far apart
    count more, by a von Mises-Fisher density over the batch.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`.
        projection_dim: Dimensions of the space in which views are compared.
        hidden_dim: Width of the head's hidden layer, or None for the
            encoder's feature width.
        temperature: The paper's tau, above 0.
        sigma: Of the weights of DCLW, above 0, in the paper 0.5; None for DCL.
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
        loss: DCL in nats; log(2 * batch - 2) where nothing is learnt, and below 0
            where much is.
        contrastive_accuracy: Share of views whose nearest projection is that
            of the other view of the same image.

    Raises:
        ValueError: If `temperature` or `sigma` <= 0, a width is not a positive
            integer or the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> views = TwoViews(8, blur_rate=0.0)
        >>> task = DecoupledContrastive(encoder, views, projection_dim=4, sigma=0.5)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Yeh et al., 2021, https://arxiv.org/abs/2110.06848
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
        sigma: float | None = None,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        check_positive_integers(projection_dim=projection_dim)
        if hidden_dim is not None:
            check_positive_integers(hidden_dim=hidden_dim)
        if sigma is not None:
            check_number("sigma", sigma, above=0)
        self.projection_dim = projection_dim
        self.hidden_dim = hidden_dim
        self.temperature = temperature
        self.sigma = sigma
        self.pooling = pooling
        feature_dim = feature_model(encoder, pooling).output_shape[-1]
        self.head = ProjectionHead(
            projection_dim,
            hidden_dims=(hidden_dim or feature_dim,),
            dtype=head_policy(encoder),
            name="head",
        )
        keep_untracked(self, _network=with_head(encoder, self.head, pooling))
        self.built = True

    def propagate(self, x, training):
        return together(self._network, x, self.views, training)

    def objective(self, x, y, outputs, training):
        keys, offset = distribute.gather_keys(outputs)
        weights = None
        if self.sigma is not None:
            weights = von_mises_fisher_weights(*outputs, *keys, self.sigma)
        loss = decoupled_contrastive(*outputs, *keys, offset, self.temperature, weights)
        return {"decoupled_contrastive": loss}

    def measures(self, x, y, outputs):
        keys, offset = distribute.gather_keys(outputs)
        logits, positives = nt_xent_logits(*outputs, *keys, offset)
        return {"contrastive_accuracy": ops.equal(ops.argmax(logits, -1), positives)}

    def loss_at_chance(self, batch_size):
        return math.log(2 * batch_size - 2) if batch_size > 1 else None

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dim": self.hidden_dim,
            "temperature": self.temperature,
            "sigma": self.sigma,
            "pooling": self.pooling,
        }
