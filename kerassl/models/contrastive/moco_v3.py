"""MoCo v3: a view must find its key among those of its own batch."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number, check_positive_integers
from kerassl.layers.moving_average import MovingAverage, cosine_momentum
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import (
    check_temperature,
    in_batch_info_nce,
    in_batch_logits,
)
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import (
    head_policy,
    keep_untracked,
    predictor_on,
    with_head,
)


@keras.saving.register_keras_serializable(package="kerassl")
class MoCoV3(PretextModel):
    """Learns representations by finding a view's key among those of its batch.

    Each view passes encoder, projector and predictor and gives a query; the other
    view passes the moving average of encoder and projector, the momentum encoder,
    and gives the key. The keys of the other images of the batch, over all replicas,
    are the negatives. There is no queue, so it wants large batches; no gradient
    flows through a key.

    The share that the momentum encoder keeps in a step rises from `base_momentum`
    to 1 over `total_steps`, which must therefore be the steps that you train for:
    it stands still afterwards. `kerassl.pretrain` sets it to those of the recipe.
    In each training step the momentum encoder moves first. Both encoders use the
    statistics of their own batch in training, each view apart.

    The defaults are those for ResNets. For vision transformers the paper has
    `hidden_dims=(4096, 4096)` and `temperature=0.2`, and holds the patch projection
    at its random start against dips of the training: set its layer's `trainable` to
    False before you make the task.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`. In the paper the views differ as
            BYOL's do: `blur_rate=(1.0, 0.1)`, `solarize_rate=(0.0, 0.2)`.
        total_steps: Steps of the whole training, above 0.
        projection_dim: Dimensions of queries and keys.
        hidden_dims: Widths of the projector's hidden layers.
        predictor_dim: Width of the predictor's hidden layer.
        predictor_batch_norm: Normalise the predictor's outputs over the batch. The
            authors do so with a ViT, not with a ResNet.
        base_momentum: The paper's m in the first step, in [0, 1]. Its 0.99 is for
            100 epochs of ImageNet; short trainings need less.
        temperature: Softmax temperature, the paper's tau, above 0.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        projector: `ProjectionHead` over the features.
        predictor: `ProjectionHead` over the projections. As in the authors' code
            the last layer of the projector is normalised over the batch, without
            scale and offset, and neither has a bias.
        momentum_encoder: The `MovingAverage` of encoder and projector.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Tuple of four float tensors (batch, projection_dim): the queries of view 1
        and view 2, the keys of view 1 and view 2.

    Logs:
        loss: Sum of both directions' InfoNCE in nats, times 2 `temperature`;
            4 `temperature` log(batch) where nothing is learnt.
        contrastive_accuracy: Share of queries of view 1 whose nearest key of the
            batch is that from view 2 of the same image.

    Raises:
        ValueError: If `temperature` <= 0, `total_steps` or a width is not a positive
            integer, `base_momentum` is outside [0, 1] or the encoder is not
            functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> views = TwoViews(8, blur_rate=0.0, solarize_rate=(0.0, 0.2))
        >>> sizes = {"projection_dim": 4, "hidden_dims": (8,), "predictor_dim": 8}
        >>> task = MoCoV3(encoder, views, total_steps=2, **sizes)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Chen et al., 2021, https://arxiv.org/abs/2104.02057
    """

    views = ("view1", "view2")
    tracked = ("contrastive_accuracy",)
    can_collapse = True
    run_arguments = {"total_steps": "steps"}
    least_examples = 2
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        total_steps: int,
        projection_dim: int = 256,
        hidden_dims: Sequence[int] = (4096,),
        predictor_dim: int = 4096,
        predictor_batch_norm: bool = False,
        base_momentum: float = 0.99,
        temperature: float = 1.0,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        check_positive_integers(
            total_steps=total_steps,
            projection_dim=projection_dim,
            predictor_dim=predictor_dim,
        )
        check_number("base_momentum", base_momentum, least=0, most=1)
        self.total_steps = total_steps
        self.projection_dim = projection_dim
        self.predictor_dim = predictor_dim
        self.predictor_batch_norm = predictor_batch_norm
        self.base_momentum = base_momentum
        self.temperature = temperature
        self.pooling = pooling
        last_layer = {"final_scale": False, "final_bias": False}
        self.projector = ProjectionHead(
            projection_dim,
            hidden_dims=hidden_dims,
            final_batch_norm=True,
            dtype=head_policy(encoder),
            name="projector",
            **last_layer,
        )
        self.predictor = predictor_on(
            self.projector,
            predictor_dim,
            final_batch_norm=predictor_batch_norm,
            **last_layer,
        )
        network = with_head(encoder, self.projector, pooling)
        keep_untracked(self, _network=network)
        self.momentum_encoder = MovingAverage(network, name="momentum_encoder")
        self.built = True

    @property
    def momentum(self):
        """Float32 scalar, the share of itself that the momentum encoder keeps next."""
        done = self.momentum_encoder.updates.value
        return cosine_momentum(done, self.total_steps, self.base_momentum)

    def propagate(self, x, training):
        if training:
            self.momentum_encoder.follow(self._network, self.momentum)
        # Apart, so that batch normalisation does not mix the views.
        views = [x[view] for view in self.views]
        queries = [
            self.predictor(self._network(view, training=training), training=training)
            for view in views
        ]
        keys = [
            ops.stop_gradient(self.momentum_encoder(view, training=training))
            for view in views
        ]
        return *queries, *keys

    def objective(self, x, y, outputs, training):
        q1, q2, *keys = outputs
        (k1, k2), offset = distribute.gather_keys(keys)
        loss = self._loss(q1, k2, offset) + self._loss(q2, k1, offset)
        # As in the paper, so that the temperature leaves the gradient's size alone.
        return {"moco_v3": 2.0 * self.temperature * loss}

    def _loss(self, queries, keys, offset):
        return in_batch_info_nce(queries, keys, offset, self.temperature)

    def measures(self, x, y, outputs):
        k2, offset = distribute.gather_keys(outputs[3])
        logits, own = in_batch_logits(outputs[0], k2, offset, self.temperature)
        return {"contrastive_accuracy": ops.equal(ops.argmax(logits, axis=-1), own)}

    def loss_at_chance(self, batch_size):
        if batch_size < 2:
            return None
        return 4.0 * self.temperature * math.log(batch_size)

    def get_config(self):
        return {
            **super().get_config(),
            "total_steps": self.total_steps,
            "projection_dim": self.projection_dim,
            "hidden_dims": self.projector.hidden_dims,
            "predictor_dim": self.predictor_dim,
            "predictor_batch_norm": self.predictor_batch_norm,
            "base_momentum": self.base_momentum,
            "temperature": self.temperature,
            "pooling": self.pooling,
        }
