"""SimSiam: predicting one view's projection from the other view, and no more."""

from collections.abc import Sequence

import keras
from keras import ops

from kerassl.checks import check_positive_integers
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.distillation import negative_cosine
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import (
    head_policy,
    keep_untracked,
    predictor_on,
    with_head,
)


@keras.saving.register_keras_serializable(package="kerassl")
class SimSiam(PretextModel):
    """Learns representations by predicting a view's projection from the other's.

    Both views pass encoder and projector. From each projection a predictor, narrow
    in the middle, is to give the projection of the other view, through which no
    gradient flows. There are no negatives, no moving average and no queue, and
    batches of 256 do as well as large ones.

    Constant projections would have the best loss of all, -1. What keeps training
    away from them is that the target's gradient is stopped: with it, or without the
    predictor, it collapses. So a loss that falls to -1 at once is a sign of collapse;
    `kerassl.callbacks.CollapseMonitor` tells.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`.
        projection_dim: Dimensions of projections and predictions, the paper's d.
        hidden_dims: Widths of the projector's hidden layers. For CIFAR-10 the paper
            has one.
        predictor_dim: Width of the predictor's hidden layer, in the paper a quarter
            of d.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        projector: `ProjectionHead` over the features. As in the authors' code its
            last layer is normalised over the batch, without scale and offset.
        predictor: `ProjectionHead` over the projections, its last layer not
            normalised.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them. Each
        view is normalised over its own batch.

    Output:
        Tuple of four float tensors (batch, projection_dim): the predictions from
        view 1 and view 2, the projections of view 1 and view 2, without gradient.

    Logs:
        loss: Mean of both directions' negative cosines, from -1 to 1; about 0 where
            predictions know nothing, and -1 where all are equal.

    Raises:
        ValueError: If a width is not a positive integer or the encoder is not
            functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> sizes = {"projection_dim": 8, "hidden_dims": (8,), "predictor_dim": 2}
        >>> task = SimSiam(encoder, TwoViews(8, blur_rate=0.0), **sizes)
        >>> task.compile("sgd")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Chen & He, 2020, https://arxiv.org/abs/2011.10566
    """

    views = ("view1", "view2")
    can_collapse = True
    least_examples = 2  # the heads' batch normalisation makes one example all zeros

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        projection_dim: int = 2048,
        hidden_dims: Sequence[int] = (2048, 2048),
        predictor_dim: int = 512,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(
            projection_dim=projection_dim, predictor_dim=predictor_dim
        )
        self.projection_dim = projection_dim
        self.predictor_dim = predictor_dim
        self.pooling = pooling
        self.projector = ProjectionHead(
            projection_dim,
            hidden_dims=hidden_dims,
            final_batch_norm=True,
            final_scale=False,
            dtype=head_policy(encoder),
            name="projector",
        )
        self.predictor = predictor_on(self.projector, predictor_dim)
        keep_untracked(self, _network=with_head(encoder, self.projector, pooling))
        self.built = True

    def propagate(self, x, training):
        # Apart, so that batch normalisation does not mix the views.
        z = [self._network(x[view], training=training) for view in self.views]
        predictions = [self.predictor(each, training=training) for each in z]
        return *predictions, *map(ops.stop_gradient, z)

    def objective(self, x, y, outputs, training):
        p1, p2, z1, z2 = outputs
        return {"simsiam": (negative_cosine(p1, z2) + negative_cosine(p2, z1)) / 2.0}

    def loss_at_chance(self, batch_size):
        return 0.0

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dims": self.projector.hidden_dims,
            "predictor_dim": self.predictor_dim,
            "pooling": self.pooling,
        }
