"""NNCLR: a view should agree with what lies nearest to the other view."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_positive_integers
from kerassl.layers.memory_queue import MemoryQueue
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import check_temperature, in_batch_logits
from kerassl.losses.neighbours import nearest_neighbour_info_nce
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import (
    head_policy,
    keep_untracked,
    predictor_on,
    with_head,
)


@keras.saving.register_keras_serializable(package="kerassl")
class NNCLR(PretextModel):
    """Learns representations with another image's view as the positive.

    Both views pass encoder and projector. In the place of a view's projection
    stands the nearest of a queue of earlier projections, which is mostly that of
    another image like it, and from the other view a predictor has to tell it from
    the neighbours of all other images of the batch, over all replicas. So images
    are drawn together that no augmentation turns into each other.

    The queue, the paper's support set, starts with random vectors; until it is
    filled once, neighbours mean little. After each training step's neighbours are
    found, the projections of view 1 go in, those of all replicas into the queue of
    every replica. No gradient flows through a neighbour.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`.
        projection_dim: Dimensions of projections and predictions, the paper's d.
        hidden_dims: Widths of the projector's hidden layers.
        predictor_dim: Width of the predictor's hidden layer.
        queue_size: Projections in the queue. One that is as long as the data, or
            longer, holds earlier views of the image itself too.
        temperature: Softmax temperature, above 0.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        projector: `ProjectionHead` over the features. Its last layer is normalised
            over the batch too, as in the paper; without an offset, which would have
            no gradient before the predictor's own normalisation.
        predictor: `ProjectionHead` over the projections, with one hidden layer.
        queue: The `MemoryQueue` of projections of length 1.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Tuple of four float tensors (batch, projection_dim): the predictions from
        view 1 and view 2, the neighbours of view 1 and view 2.

    Logs:
        loss: InfoNCE in nats, mean over both views and both directions between
            neighbours and predictions; log(batch) where nothing is learnt.
        contrastive_accuracy: Share of neighbours of view 1 whose nearest prediction
            is that from view 2 of the same image. Of images that have one neighbour
            in common it counts one at most.

    Raises:
        ValueError: If `temperature` <= 0, `queue_size` or a width is not a positive
            integer or the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> views = TwoViews(8, blur_rate=0.0)
        >>> sizes = {"projection_dim": 4, "hidden_dims": (8,), "predictor_dim": 8}
        >>> task = NNCLR(encoder, views, queue_size=32, **sizes)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Dwibedi et al., 2021, https://arxiv.org/abs/2104.14548
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
        projection_dim: int = 256,
        hidden_dims: Sequence[int] = (2048, 2048),
        predictor_dim: int = 4096,
        queue_size: int = 98304,
        temperature: float = 0.1,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        check_positive_integers(
            projection_dim=projection_dim,
            predictor_dim=predictor_dim,
            queue_size=queue_size,
        )
        self.projection_dim = projection_dim
        self.predictor_dim = predictor_dim
        self.queue_size = queue_size
        self.temperature = temperature
        self.pooling = pooling
        self.projector = ProjectionHead(
            projection_dim,
            hidden_dims=hidden_dims,
            final_batch_norm=True,
            dtype=head_policy(encoder),
            name="projector",
        )
        self.predictor = predictor_on(self.projector, predictor_dim)
        keep_untracked(self, _network=with_head(encoder, self.projector, pooling))
        self.queue = MemoryQueue(queue_size, projection_dim, name="queue")
        self.built = True

    def propagate(self, x, training):
        # Apart, so that batch normalisation does not mix the views.
        z1, z2 = (self._network(x[view], training=training) for view in self.views)
        predictions = [self.predictor(z, training=training) for z in (z1, z2)]
        neighbours = [self.queue.nearest(z) for z in (z1, z2)]
        if training:
            self.queue.enqueue(ops.normalize(ops.cast(z1, "float32"), axis=-1))
        return *predictions, *neighbours

    def objective(self, x, y, outputs, training):
        (p1, p2, n1, n2), offset = distribute.gather_keys(outputs)
        first = self._loss(outputs[2], outputs[1], n1, p2, offset)
        second = self._loss(outputs[3], outputs[0], n2, p1, offset)
        return {"nnclr": (first + second) / 2.0}

    def _loss(self, *tensors):
        return nearest_neighbour_info_nce(*tensors, self.temperature)

    def measures(self, x, y, outputs):
        p2, offset = distribute.gather_keys(outputs[1])
        logits, own = in_batch_logits(outputs[2], p2, offset, self.temperature)
        return {"contrastive_accuracy": ops.equal(ops.argmax(logits, axis=-1), own)}

    def loss_at_chance(self, batch_size):
        return math.log(batch_size) if batch_size > 1 else None

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dims": self.projector.hidden_dims,
            "predictor_dim": self.predictor_dim,
            "queue_size": self.queue_size,
            "temperature": self.temperature,
            "pooling": self.pooling,
        }
