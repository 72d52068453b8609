"""MoCo: telling an image's other view from a long queue of earlier ones."""

import math

import keras
from keras import ops

from kerassl.checks import check_number, check_positive_integers
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.layers.memory_queue import MemoryQueue
from kerassl.layers.moving_average import MovingAverage
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import check_temperature, queue_info_nce, queue_logits
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class MoCo(PretextModel):
    """Learns representations by finding a view's key among a queue of others.

    View 1 passes the encoder and the head and gives the query; view 2 passes
    their moving average, the momentum encoder, and gives the key. Negatives
    are the keys of earlier batches, so there are many of them without a large
    batch. This is version 2: the head has a hidden layer. Version 1 is
    `hidden_layer=False`; its paper has `temperature=0.07` and views without blur.

    In each training step the momentum encoder moves first, then the keys are
    computed, compared and put into the queue, those of all replicas into the
    queue of every replica.

    The paper shuffles the keys' images among the devices, since the batch
    statistics of a device would betray which key belongs to which query. The
    encoders of kerassl take these statistics over the batches of all replicas
    together, so no part of a batch has statistics of its own. What remains is
    that a batch's statistics differ a little from those of the earlier batches
    in the queue, the less the larger the batch.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`.
        projection_dim: Dimensions of the space in which views are compared.
        hidden_dim: Width of the head's hidden layer, or None for the
            encoder's feature width.
        hidden_layer: Whether the head has one; without it, it is one matrix and
            offset.
        queue_size: Keys in the queue, the paper's K.
        momentum: The paper's m: how much of the momentum encoder a step keeps,
            in [0, 1]. Short trainings need less than the default; with too
            little, new keys differ from the queue's by their age alone, and
            the loss stays near chance.
        temperature: Softmax temperature, above 0.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `ProjectionHead`, of no use after pretraining.
        momentum_encoder: The `MovingAverage` of encoder and head.
        queue: The `MemoryQueue` of keys.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Float tensor (batch, 1 + queue_size), the logits: of the query with its
        own key, then with the queue.

    Logs:
        loss: InfoNCE in nats; log(1 + queue_size) where nothing is learnt.
        contrastive_accuracy: Share of queries that are nearer to their own key
            than to all of the queue.

    Raises:
        ValueError: If `temperature` <= 0, `momentum` is outside [0, 1],
            `queue_size` or a width is not a positive integer, `hidden_dim` is
            given without a hidden layer or the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> views = TwoViews(8, blur_rate=0.0)
        >>> task = MoCo(encoder, views, projection_dim=4, queue_size=32)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    References:
        He et al., 2019, https://arxiv.org/abs/1911.05722
        Chen et al., 2020, version 2, https://arxiv.org/abs/2003.04297
    """

    views = ("view1", "view2")
    tracked = ("contrastive_accuracy",)
    can_collapse = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        projection_dim: int = 128,
        hidden_dim: int | None = None,
        hidden_layer: bool = True,
        queue_size: int = 65536,
        momentum: float = 0.999,
        temperature: float = 0.2,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        check_positive_integers(projection_dim=projection_dim, queue_size=queue_size)
        if hidden_dim is not None:
            check_positive_integers(hidden_dim=hidden_dim)
            if not hidden_layer:
                raise InvalidValue(
                    "`hidden_dim` must be None where `hidden_layer` is False. "
                    f"Received: {hidden_dim}"
                )
        check_number("momentum", momentum, least=0, most=1)
        self.projection_dim = projection_dim
        self.hidden_dim = hidden_dim
        self.hidden_layer = hidden_layer
        self.queue_size = queue_size
        self.momentum = momentum
        self.temperature = temperature
        self.pooling = pooling
        feature_dim = feature_model(encoder, pooling).output_shape[-1]
        self.head = ProjectionHead(
            projection_dim,
            hidden_dims=(hidden_dim or feature_dim,) if hidden_layer else (),
            batch_norm=False,
            dtype=head_policy(encoder),
            name="head",
        )
        query_encoder = with_head(encoder, self.head, pooling)
        keep_untracked(self, _query_encoder=query_encoder)
        self.momentum_encoder = MovingAverage(query_encoder, name="momentum_encoder")
        self.queue = MemoryQueue(queue_size, projection_dim, name="queue")
        self.built = True

    def propagate(self, x, training):
        if training:
            self.momentum_encoder.follow(self._query_encoder, self.momentum)
        queries = self._query_encoder(x["view1"], training=training)
        keys = self.momentum_encoder(x["view2"], training=training)
        # Of length 1 in float32, as the queue holds them.
        keys = ops.stop_gradient(ops.normalize(ops.cast(keys, "float32"), axis=-1))
        logits = queue_logits(
            ops.cast(queries, "float32"), keys, self.queue.rows.value, self.temperature
        )
        if training:
            self.queue.enqueue(keys)
        return logits

    def objective(self, x, y, outputs, training):
        return {"info_nce": queue_info_nce(outputs)}

    def measures(self, x, y, outputs):
        return {"contrastive_accuracy": ops.equal(ops.argmax(outputs, axis=-1), 0)}

    def loss_at_chance(self, batch_size):
        return math.log(1 + self.queue_size)

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dim": self.hidden_dim,
            "hidden_layer": self.hidden_layer,
            "queue_size": self.queue_size,
            "momentum": self.momentum,
            "temperature": self.temperature,
            "pooling": self.pooling,
        }
