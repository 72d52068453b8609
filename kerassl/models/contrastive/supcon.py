"""SupCon: views of one class close, those of others apart."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_positive_integers
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import (
    check_temperature,
    nt_xent_logits,
    same_class,
    supervised_contrastive,
)
from kerassl.models.base import PretextModel
from kerassl.models.crops import together
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class SupCon(PretextModel):
    """Learns representations in which all images of a class are close.

    Supervised: it reads the classes of the training images. It is SimCLR with more
    positives: a view is drawn to the other view of its image and to both views of
    every image of its class in the batch, over all replicas, and pushed from those
    of other classes. So an encoder of it is to be compared with one that was
    trained on the same labels, not with one that saw none.

    The data must have a class for each example: a folder for each class,
    `kerassl.data.ArraySource(x, labels=y)`, or `task.fit(x, y)`.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`.
        projection_dim: Dimensions of the projections.
        hidden_dims: Widths of the head's hidden layers.
        temperature: Softmax temperature, above 0. The loss is the paper's; the
            authors' PyTorch code multiplies it by `temperature` / 0.07.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `ProjectionHead`, without batch normalisation, of no use after
            pretraining.

    Input:
        `{"view1": images, "view2": images, "label": integers (batch,)}`, images as
        the encoder takes them.

    Output:
        Tuple of two float tensors (batch, projection_dim), one for each view, before
        they are scaled to length 1.

    Logs:
        loss: Mean cross-entropy of the positives in nats; log(2 * batch - 1) where
            nothing is learnt. Where all views of a class are one and the others far,
            it is the mean logarithm of the number of positives, about log(2 * batch
            / classes).
        class_accuracy: Share of views whose nearest other view is of their class.

    Raises:
        ValueError: If `temperature` <= 0, a width is not a positive integer, the
            encoder is not functional, or the data have no classes.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> sizes = {"projection_dim": 4, "hidden_dims": (8,)}
        >>> task = SupCon(encoder, TwoViews(8, blur_rate=0.0), **sizes)
        >>> task.compile("adam")
        >>> images, classes = np.zeros((16, 8, 8, 1), "uint8"), np.arange(16) % 2
        >>> history = task.fit(images, classes, batch_size=8, verbose=0)

    Reference:
        Khosla et al., 2020, https://arxiv.org/abs/2004.11362
    """

    views = ("view1", "view2")
    tracked = ("class_accuracy",)
    reads = ("label",)
    can_collapse = True
    least_examples = 2
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        projection_dim: int = 128,
        hidden_dims: Sequence[int] = (2048,),
        temperature: float = 0.1,
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        check_positive_integers(projection_dim=projection_dim)
        self.projection_dim = projection_dim
        self.temperature = temperature
        self.pooling = pooling
        self.head = ProjectionHead(
            projection_dim,
            hidden_dims=hidden_dims,
            batch_norm=False,
            dtype=head_policy(encoder),
            name="head",
        )
        keep_untracked(self, _network=with_head(encoder, self.head, pooling))
        self.built = True

    def propagate(self, x, training):
        return together(self._network, x, self.views, training)

    def objective(self, x, y, outputs, training):
        (*keys, key_labels), offset = distribute.gather_keys((*outputs, x["label"]))
        losses = supervised_contrastive(
            *outputs, x["label"], *keys, key_labels, offset, self.temperature
        )
        return {"supcon": losses}

    def measures(self, x, y, outputs):
        (*keys, key_labels), offset = distribute.gather_keys((*outputs, x["label"]))
        cosines, own = nt_xent_logits(*outputs, *keys, offset)
        nearest = ops.one_hot(ops.argmax(cosines, -1), ops.shape(cosines)[1])
        positives = ops.cast(same_class(x["label"], key_labels, own), nearest.dtype)
        return {"class_accuracy": ops.sum(nearest * positives, axis=-1)}

    def loss_at_chance(self, batch_size):
        return math.log(2 * batch_size - 1)

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dims": self.head.hidden_dims,
            "temperature": self.temperature,
            "pooling": self.pooling,
        }
