"""Barlow Twins: two views correlate in each dimension, and in no pair of them."""

from collections.abc import Sequence

import keras

from kerassl import distribute
from kerassl.checks import check_number, check_positive_integers
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.redundancy import barlow_twins_terms
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class BarlowTwins(PretextModel):
    """Learns representations by the correlations between two views' embeddings.

    Over a batch, each dimension of the first views' embeddings should correlate
    with the same dimension of the second views' and with no other: what a
    dimension tells does not depend on the view, and no other dimension repeats it.
    The same embedding for all images correlates with nothing, so it does not
    satisfy the loss. There are no negatives, no momentum encoder and no
    prediction, and batches of 256 do nearly as well as large ones.

    The correlations are those of the batches of all replicas together. The head is
    wider than the features; in the paper more dimensions are better.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`. In the paper the views differ as
            BYOL's do: `blur_rate=(1.0, 0.1)`, `solarize_rate=(0.0, 0.2)`.
        projection_dim: Dimensions of the embeddings.
        hidden_dims: Widths of the projector's hidden layers.
        redundancy_weight: The paper's lambda, 0 or more. It belongs to 8,192
            dimensions: the pairs of dimensions are fewer by the square where these
            are fewer.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        projector: The `ProjectionHead`, of no use after pretraining. As in the
            authors' code its last layer has no bias.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Tuple of two float tensors (batch, projection_dim), one for each view.

    Logs:
        loss: Sum over dimensions and pairs of them. Where all embeddings are one it
            is `projection_dim`. Where the views know nothing of each other a
            correlation is 0 but for chance, its square 1 / (batch - 1), and the loss
            `projection_dim` * (1 + (1 + `redundancy_weight` * (`projection_dim`
            - 1)) / (batch - 1)).
        invariance: Mean of (1 - correlation)^2 over the dimensions: 0 where the
            views agree, 1 where all embeddings are one.
        redundancy: Mean of correlation^2 over the pairs of different dimensions: 0
            where these are independent, or where all embeddings are one.

    Raises:
        ValueError: If a width is not a positive integer, `redundancy_weight` is
            below 0 or the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> views = TwoViews(8, blur_rate=0.0)
        >>> task = BarlowTwins(encoder, views, projection_dim=16, hidden_dims=(16,))
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Zbontar et al., 2021, https://arxiv.org/abs/2103.03230
    """

    views = ("view1", "view2")
    tracked = ("invariance", "redundancy")
    can_collapse = True
    least_examples = 2
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        projection_dim: int = 8192,
        hidden_dims: Sequence[int] = (8192, 8192),
        redundancy_weight: float = 0.0051,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(projection_dim=projection_dim)
        check_number("redundancy_weight", redundancy_weight, least=0)
        self.projection_dim = projection_dim
        self.redundancy_weight = redundancy_weight
        self.pooling = pooling
        self.projector = ProjectionHead(
            projection_dim,
            hidden_dims=hidden_dims,
            final_bias=False,
            dtype=head_policy(encoder),
            name="projector",
        )
        keep_untracked(self, _network=with_head(encoder, self.projector, pooling))
        self.built = True

    def propagate(self, x, training):
        # Apart, so that batch normalisation does not mix the views.
        return tuple(
            self._network(x[view], training=training) for view in ("view1", "view2")
        )

    def objective(self, x, y, outputs, training):
        invariance, redundancy = _terms(outputs)
        return {
            "invariance": invariance,
            "redundancy": self.redundancy_weight * redundancy,
        }

    def measures(self, x, y, outputs):
        invariance, redundancy = _terms(outputs)
        dim = self.projection_dim
        return {
            "invariance": invariance / dim,
            "redundancy": redundancy / max(1, dim * (dim - 1)),
        }

    def loss_at_chance(self, batch_size):
        if batch_size < 2:
            return None
        # Over all ways to pair the rows the mean of a squared correlation is
        # 1 / (batch - 1), however the rows are distributed.
        dim = self.projection_dim
        excess = 1 + self.redundancy_weight * (dim - 1)
        return dim * (1 + excess / (batch_size - 1))

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dims": self.projector.hidden_dims,
            "redundancy_weight": self.redundancy_weight,
            "pooling": self.pooling,
        }


def _terms(outputs):
    """Returns both terms of the loss, of the batches of all replicas together."""
    return barlow_twins_terms(*(distribute.all_gather(z) for z in outputs))
