"""BYOL: predicting one view's projection by a slow copy from the other view."""

import keras
from keras import ops

from kerassl.checks import check_number, check_positive_integers
from kerassl.layers.moving_average import MovingAverage, cosine_momentum
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.distillation import normalized_squared_error
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import (
    head_policy,
    keep_untracked,
    predictor_on,
    with_head,
)


@keras.saving.register_keras_serializable(package="kerassl")
class BYOL(PretextModel):
    """Learns representations by predicting a target network, without negatives.

    The online network is encoder, projector and predictor. The target network
    is the moving average of encoder and projector. From each view the online
    network predicts what the target network gives for the other view.

    Constant outputs would have a perfect loss; what keeps training away from
    them is that the predictor learns fast, the target moves slowly, and no
    gradient reaches the target. `kerassl.callbacks.CollapseMonitor` tells
    whether it worked.

    The target's share kept in a step rises from `base_tau` to 1 over
    `total_steps`, which must therefore be the steps that you train for: the
    target stands still afterwards. `kerassl.pretrain` sets it to those of the
    recipe. Both networks use the statistics of their own batch in training,
    each view apart; only weights are averaged, no statistics. Between two
    updates of the weights the target moves once, after the update as in the
    paper.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`. In the paper the views differ:
            `blur_rate=(1.0, 0.1)`, `solarize_rate=(0.0, 0.2)`.
        total_steps: Steps of the whole training, above 0, the paper's K.
        projection_dim: Dimensions of projections and predictions.
        hidden_dim: Width of the hidden layers of projector and predictor.
        base_tau: Share of the target kept in the first step, in [0, 1]. The
            paper has 0.99 for up to 300 epochs; short trainings need less.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        projector: `ProjectionHead` over the features.
        predictor: `ProjectionHead` over the projections. As in the authors'
            code the last layers of both have no bias.
        target: The `MovingAverage` of encoder and projector.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Tuple of four float tensors (batch, projection_dim): the predictions
        from view 1 and view 2, the targets of view 1 and view 2.

    Logs:
        loss: Sum of both directions' squared distances between vectors of
            length 1, from 0 to 8; 4 where predictions know nothing.

    Raises:
        ValueError: If `total_steps` or a width is not a positive integer,
            `base_tau` is outside [0, 1] or the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> views = TwoViews(8, blur_rate=0.0, solarize_rate=(0.0, 0.2))
        >>> task = BYOL(encoder, views, total_steps=2, projection_dim=4, hidden_dim=8)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Grill et al., 2020, https://arxiv.org/abs/2006.07733
    """

    views = ("view1", "view2")
    can_collapse = True
    run_arguments = {"total_steps": "steps"}
    least_examples = 2  # the heads' batch normalisation makes one example all zeros

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        total_steps: int,
        projection_dim: int = 256,
        hidden_dim: int = 4096,
        base_tau: float = 0.996,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(
            total_steps=total_steps,
            projection_dim=projection_dim,
            hidden_dim=hidden_dim,
        )
        check_number("base_tau", base_tau, least=0, most=1)
        self.total_steps = total_steps
        self.projection_dim = projection_dim
        self.hidden_dim = hidden_dim
        self.base_tau = base_tau
        self.pooling = pooling
        self.projector = ProjectionHead(
            projection_dim,
            hidden_dims=(hidden_dim,),
            final_bias=False,
            dtype=head_policy(encoder),
            name="projector",
        )
        self.predictor = predictor_on(self.projector, hidden_dim, final_bias=False)
        network = with_head(encoder, self.projector, pooling)
        keep_untracked(self, _network=network)
        self.target = MovingAverage(network, name="target")
        self.built = True

    @property
    def tau(self):
        """Float32 scalar, the share of the target that the next step keeps."""
        # The paper's step k updates the weights, then the target with tau(k); here
        # the second half happens at the beginning of step k + 1.
        return cosine_momentum(
            self.target.updates.value - 1, self.total_steps, self.base_tau
        )

    def propagate(self, x, training):
        if training:
            self.target.follow(self._network, self.tau)
        views = x["view1"], x["view2"]
        predictions = [
            self.predictor(self._network(view, training=training), training=training)
            for view in views
        ]
        targets = [
            ops.stop_gradient(self.target(view, training=training)) for view in views
        ]
        return *predictions, *targets

    def objective(self, x, y, outputs, training):
        p1, p2, z1, z2 = outputs
        loss = normalized_squared_error(p1, z2) + normalized_squared_error(p2, z1)
        return {"byol": loss}

    def get_config(self):
        return {
            **super().get_config(),
            "total_steps": self.total_steps,
            "projection_dim": self.projection_dim,
            "hidden_dim": self.hidden_dim,
            "base_tau": self.base_tau,
            "pooling": self.pooling,
        }
