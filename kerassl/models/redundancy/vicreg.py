"""VICReg: two views agree, while every dimension varies in its own way."""

from collections.abc import Sequence

import keras

from kerassl import distribute
from kerassl.checks import check_number, check_positive_integers
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.reconstruction import mean_squared_error
from kerassl.losses.redundancy import covariance_penalty, variance_hinge
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class VICReg(PretextModel):
    """Learns representations by three rules for the embeddings of two views.

    Invariance: both views of an image should have the same embedding. Variance:
    over the batch each dimension should have a standard deviation of 1 or more, so
    that the embeddings cannot all become one. Covariance: different dimensions
    should not tell the same. There are no negatives, no momentum encoder and no
    prediction; embeddings have no set length.

    The statistics are those of the batches of all replicas together, each view's
    of its own. The head, which the paper calls expander, is wider than the
    features: dimensions that are uncorrelated after it come near to independent
    ones before it.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`. In the paper the views differ as
            BYOL's do: `blur_rate=(1.0, 0.1)`, `solarize_rate=(0.0, 0.2)`.
        projection_dim: Dimensions of the embeddings, the paper's d.
        hidden_dims: Widths of the expander's hidden layers.
        invariance_weight: The paper's lambda, 0 or more.
        variance_weight: Its mu, 0 or more.
        covariance_weight: Its nu, 0 or more.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        expander: The `ProjectionHead`, of no use after pretraining. As in the
            authors' code its last layer has no bias.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Tuple of two float tensors (batch, projection_dim), one for each view.

    Logs:
        loss: The weighted sum. Where all embeddings are one it is 0.99
            `variance_weight`, 24.75 by default; where they have a variance of 1
            and the views know nothing of each other about 2 `invariance_weight`.
        invariance: Mean squared difference of the views' embeddings.
        variance: How far a dimension's standard deviation falls short of 1, mean
            over dimensions and views; 0.99 is collapsed.

    Raises:
        ValueError: If a width is not a positive integer, a weight is below 0 or
            the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> views = TwoViews(8, blur_rate=0.0)
        >>> task = VICReg(encoder, views, projection_dim=16, hidden_dims=(16,))
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Bardes et al., 2021, https://arxiv.org/abs/2105.04906
    """

    views = ("view1", "view2")
    tracked = ("invariance", "variance")
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
        invariance_weight: float = 25.0,
        variance_weight: float = 25.0,
        covariance_weight: float = 1.0,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(projection_dim=projection_dim)
        check_number("invariance_weight", invariance_weight, least=0)
        check_number("variance_weight", variance_weight, least=0)
        check_number("covariance_weight", covariance_weight, least=0)
        self.projection_dim = projection_dim
        self.invariance_weight = invariance_weight
        self.variance_weight = variance_weight
        self.covariance_weight = covariance_weight
        self.pooling = pooling
        self.expander = ProjectionHead(
            projection_dim,
            hidden_dims=hidden_dims,
            final_bias=False,
            dtype=head_policy(encoder),
            name="expander",
        )
        keep_untracked(self, _network=with_head(encoder, self.expander, pooling))
        self.built = True

    def propagate(self, x, training):
        # Apart, so that batch normalisation does not mix the views.
        return tuple(
            self._network(x[view], training=training) for view in ("view1", "view2")
        )

    def objective(self, x, y, outputs, training):
        # A mean over dimensions, as in the authors' code; the paper's eq. 5 has a sum.
        invariance = mean_squared_error(*outputs)
        embeddings = [distribute.all_gather(z) for z in outputs]
        covariance = sum(covariance_penalty(z) for z in embeddings)
        return {
            "invariance": self.invariance_weight * invariance,
            "variance": self.variance_weight * _variance(embeddings),
            "covariance": self.covariance_weight * covariance,
        }

    def measures(self, x, y, outputs):
        return {
            "invariance": mean_squared_error(*outputs),
            "variance": _variance([distribute.all_gather(z) for z in outputs]),
        }

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dims": self.expander.hidden_dims,
            "invariance_weight": self.invariance_weight,
            "variance_weight": self.variance_weight,
            "covariance_weight": self.covariance_weight,
            "pooling": self.pooling,
        }


def _variance(embeddings):
    # Halved for each view, as in the authors' code; the covariances are not.
    return sum(variance_hinge(z) for z in embeddings) / 2.0
