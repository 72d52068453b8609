"""SwAV: predicting the cluster of one view of an image from its other views."""

import math

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer, check_number, check_positive_integers
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.layers.memory_queue import MemoryQueue
from kerassl.layers.projection_head import ProjectionHead
from kerassl.layers.prototypes import Prototypes
from kerassl.losses.clustering import swapped_prediction
from kerassl.models.base import PretextModel
from kerassl.models.crops import at_once, check_sides, crops_of
from kerassl.models.skeleton import head_policy, keep_untracked
from kerassl.ops import sinkhorn

CODED = ("view1", "view2")


@keras.saving.register_keras_serializable(package="kerassl")
class SwAV(PretextModel):
    """Learns representations by swapping the clusters of an image's views.

    Every view is compared with the prototypes, vectors that are learnt. The two
    global views get codes: shares of each prototype, such that over the batch all
    prototypes get equally much (`kerassl.ops.sinkhorn`). From every other view of an
    image, the small ones too, its code is predicted. There are no negatives and no
    moving average; since the codes of a batch differ, features cannot all become
    one without the loss staying at chance.

    The codes are those of the batches of all replicas together. A batch that holds
    fewer examples than there are prototypes cannot share them out evenly: let a
    queue of earlier features fill it up.

    Views may have several sizes where the encoder takes them, as
    `encoders.resnet((None, None, 3))` does, and `encoders.plain_cnn((None, None, 1),
    grid=1)`. For small images give all views one size. Two views are enough.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)` and
            perhaps further views, such as `kerassl.pretext.MultiCrop`. The paper has
            2 of 224 pixels with scales (0.14, 1.0), 6 of 96 with (0.05, 0.14).
        projection_dim: Dimensions in which views and prototypes are compared.
        hidden_dim: Width of the head's hidden layer.
        num_prototypes: The paper's K. For small data some times as many as classes.
        temperature: Softmax temperature of the predictions, above 0.
        epsilon: How evenly a code is spread over the prototypes, above 0.
        sinkhorn_rounds: Rounds in which codes are made, above 0.
        freeze_steps: Steps at the start in which no gradient reaches the
            prototypes, 0 or more. 313 of 4,096 images are one pass over ImageNet;
            for 256 images the authors have 5,005.
        queue_size: Features of each global view, from earlier batches, that are
            given to the prototypes together with a batch; 0 for none. The authors
            have 3,840 for batches of 256.
        queue_start: Steps before the queue is used, 0 or more; never before it is
            full. Features of the first steps change too fast to be kept: the
            authors wait 15 passes over the data, 75,000 steps.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `ProjectionHead`, of no use after pretraining.
        prototypes: The `Prototypes`.
        queues: The `MemoryQueue` of each global view, an empty list for none.
        steps: Variable, how many steps were trained.

    Input:
        `{"view1": images, "view2": images, ...}`, each as the encoder takes them:
        "view3" and so on, "local1" and so on too if there are any.

    Output:
        Tuple of two float32 tensors: (batch, views, num_prototypes), the cosines of
        all views with the prototypes, and (batch, 2, num_prototypes), the codes of
        the first two.

    Logs:
        loss: Cross-entropy of the predictions in nats; ln(num_prototypes) where
            nothing is learnt, and where all features are one no less.
        prototypes_in_use: To how many prototypes the global views of a batch are
            nearest, as the perplexity of that distribution: 1 where all are nearest
            to one.

    Raises:
        ValueError: If `temperature` or `epsilon` is not above 0, a size is not a
            positive integer or the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import MultiCrop
        >>> encoder = resnet((None, None, 1), depths=(1,), widths=(8,))
        >>> views = MultiCrop(8, 6, num_local_views=2, jit_compile=False)
        >>> task = SwAV(encoder, views, num_prototypes=16, freeze_steps=1)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Caron et al., 2020, https://arxiv.org/abs/2006.09882
    """

    views = CODED
    tracked = ("prototypes_in_use",)
    can_collapse = True
    least_examples = 2
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        projection_dim: int = 128,
        hidden_dim: int = 2048,
        num_prototypes: int = 3000,
        temperature: float = 0.1,
        epsilon: float = 0.05,
        sinkhorn_rounds: int = 3,
        freeze_steps: int = 313,
        queue_size: int = 0,
        queue_start: int = 0,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(
            projection_dim=projection_dim,
            hidden_dim=hidden_dim,
            num_prototypes=num_prototypes,
            sinkhorn_rounds=sinkhorn_rounds,
        )
        check_number("temperature", temperature, above=0)
        check_number("epsilon", epsilon, above=0)
        check_integer("freeze_steps", freeze_steps, least=0)
        check_integer("queue_size", queue_size, least=0)
        check_integer("queue_start", queue_start, least=0)
        if queue_start and not queue_size:
            raise InvalidValue(
                "`queue_start` must be 0 without a queue (`queue_size` is 0). "
                f"Received: {queue_start}"
            )
        check_sides(encoder, pretext)
        self.projection_dim = projection_dim
        self.hidden_dim = hidden_dim
        self.num_prototypes = num_prototypes
        self.temperature = temperature
        self.epsilon = epsilon
        self.sinkhorn_rounds = sinkhorn_rounds
        self.freeze_steps = freeze_steps
        self.queue_size = queue_size
        self.queue_start = queue_start
        self.pooling = pooling
        features = feature_model(encoder, pooling)
        keep_untracked(self, _features=features)
        self.head = ProjectionHead(
            projection_dim,
            hidden_dims=(hidden_dim,),
            dtype=head_policy(encoder),
            name="head",
        )
        self.head.build((None, features.output_shape[-1]))
        self.prototypes = Prototypes(num_prototypes, projection_dim, name="prototypes")
        self.queues = [
            MemoryQueue(queue_size, projection_dim, name=f"queue_{view}")
            for view in CODED
            if queue_size
        ]
        self.steps = self.add_weight(
            shape=(), dtype="int", initializer="zeros", trainable=False, name="steps"
        )
        # How many features each queue holds, beside the random rows of its start.
        self.kept = self.add_weight(
            shape=(), dtype="int", initializer="zeros", trainable=False, name="kept"
        )
        self.built = True

    def propagate(self, x, training):
        z = self._project(crops_of(x, len(CODED)), training)
        frozen = ops.less(self.steps.value, self.freeze_steps)
        scores = self.prototypes(z, frozen)  # (views, batch, prototypes)
        codes = [self._codes(i, z[i]) for i in range(len(CODED))]
        if training:
            for i, queue in enumerate(self.queues):
                queue.enqueue(z[i])
            self.steps.assign(self.steps.value + 1)
            self._count(z[0])
        return ops.transpose(scores, (1, 0, 2)), ops.stack(codes, axis=1)

    def objective(self, x, y, outputs, training):
        scores, codes = outputs
        return {"swapped": swapped_prediction(scores, codes, self.temperature)}

    def measures(self, x, y, outputs):
        nearest = ops.reshape(ops.argmax(outputs[0][:, : len(CODED)], axis=-1), (-1,))
        counts = ops.segment_sum(
            ops.ones_like(nearest, dtype="float32"), nearest, self.num_prototypes
        )
        counts = distribute.all_sum(counts)
        shares = counts / ops.sum(counts)
        entropy = -ops.sum(shares * ops.log(ops.maximum(shares, 1e-12)))
        return {"prototypes_in_use": ops.exp(entropy)}

    def loss_at_chance(self, batch_size):
        return math.log(self.num_prototypes)

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dim": self.hidden_dim,
            "num_prototypes": self.num_prototypes,
            "temperature": self.temperature,
            "epsilon": self.epsilon,
            "sinkhorn_rounds": self.sinkhorn_rounds,
            "freeze_steps": self.freeze_steps,
            "queue_size": self.queue_size,
            "queue_start": self.queue_start,
            "pooling": self.pooling,
        }

    def _project(self, crops, training):
        """Returns the views' projections of length 1, (views, batch, dim)."""
        z = self.head(at_once(self._features, crops, training), training=training)
        z = ops.reshape(z, (len(crops), -1, self.projection_dim))
        return ops.normalize(ops.cast(z, "float32"), axis=-1)

    def _codes(self, view, z):
        """Returns the codes of one view's examples, (batch, num_prototypes)."""
        # Of all replicas' examples, since these share the prototypes.
        every, offset = distribute.gather_keys(ops.stop_gradient(z))
        codes = self._shared_out(every, self.queues[view] if self.queues else None)
        own = ops.arange(ops.shape(z)[0], dtype="int32") + ops.cast(offset, "int32")
        return ops.take(codes, own, axis=0)

    def _shared_out(self, z, queue):
        """Returns the codes of all examples, perhaps shared with a queue's."""

        def codes_of(z):
            return sinkhorn(self.prototypes(z), self.epsilon, self.sinkhorn_rounds)

        if queue is None:
            return codes_of(z)
        return ops.cond(
            self._uses_queue(),
            lambda: codes_of(ops.concatenate([queue.rows.value, z]))[queue.size :],
            lambda: codes_of(z),
        )

    def _count(self, z):
        """Counts the examples of all replicas that went into the queues."""
        rows = ops.cast(ops.shape(z)[0], self.kept.dtype)
        every = self.kept.value + distribute.all_sum(rows)
        self.kept.assign(ops.minimum(every, ops.cast(self.queue_size, every.dtype)))

    def _uses_queue(self):
        """Returns whether the queue has started and holds features alone."""
        started = self.steps.value >= self.queue_start
        return ops.logical_and(started, self.kept.value >= self.queue_size)
