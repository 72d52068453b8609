"""Triplets: two views of an image nearer than views of others, by a margin."""

from collections.abc import Sequence

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number, check_one_of, check_positive_integers
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import nt_xent_logits
from kerassl.losses.triplet import MININGS, triplet_loss
from kerassl.models.base import PretextModel
from kerassl.models.crops import together
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


@keras.saving.register_keras_serializable(package="kerassl")
class Triplet(PretextModel):
    """Learns embeddings in which an image is nearer to itself than to others.

    FaceNet's loss, where each image is an identity of its own: an anchor is a view,
    its positive the other view of the image, its negative a view of another image,
    mined in the batch of all replicas. Embeddings lie on the unit sphere; squared
    distances are compared. Only triplets that are active, that violate the margin,
    count in the mean.

    Semi-hard negatives are further than the positive, so that the mean of a batch is
    at most about the margin, and stays near it for long while fewer and fewer
    triplets are active: follow `active`. A loss that stands at the margin while
    `active` is 1 is a collapse: all embeddings are one. With `mining="batch-hard"`
    the nearest of all negatives counts, which may be another image of the same kind,
    and may lead there from the start.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`.
        projection_dim: Dimensions of the embeddings.
        hidden_dims: Widths of hidden layers between features and embeddings. The
            papers have none.
        margin: By how much negatives are to be further, FaceNet's alpha, above 0
            and below 4.
        mining: Which negative an anchor is given, `"semi-hard"` (FaceNet) or
            `"batch-hard"` (Hermans et al.); see `kerassl.losses.triplet_loss`.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The `ProjectionHead`.

    Input:
        `{"view1": images, "view2": images}`, each as the encoder takes them.

    Output:
        Tuple of two float tensors (batch, projection_dim), one for each view, before
        they are scaled to length 1.

    Logs:
        loss: Mean of p - n + `margin` over the active triplets, with squared
            distances p to the positive and n to the negative. It is `margin` where
            all embeddings are equal. Where they are unrelated, semi-hard mining
            leaves it a little below, and batch-hard mining above.
        active: Share of the triplets that violate the margin.
        contrastive_accuracy: Share of views whose nearest embedding is that of the
            other view of the same image.

    Raises:
        ValueError: If `margin` or `mining` is none of those, a width is not a
            positive integer or the encoder is not functional.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import TwoViews
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> task = Triplet(encoder, TwoViews(8, blur_rate=0.0), projection_dim=4)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    References:
        Schroff et al., 2015, FaceNet, https://arxiv.org/abs/1503.03832
        Hermans et al., 2017, https://arxiv.org/abs/1703.07737
    """

    views = ("view1", "view2")
    tracked = ("active", "contrastive_accuracy")
    can_collapse = True
    least_examples = 2
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        projection_dim: int = 128,
        hidden_dims: Sequence[int] = (),
        margin: float = 0.2,
        mining: str = "semi-hard",
        pooling: str = "auto",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_positive_integers(projection_dim=projection_dim)
        check_number("margin", margin, above=0, below=4)
        check_one_of("mining", mining, MININGS)
        self.projection_dim = projection_dim
        self.margin = margin
        self.mining = mining
        self.pooling = pooling
        self.head = ProjectionHead(
            projection_dim,
            hidden_dims=hidden_dims,
            dtype=head_policy(encoder),
            name="head",
        )
        keep_untracked(self, _network=with_head(encoder, self.head, pooling))
        self.built = True

    def propagate(self, x, training):
        return together(self._network, x, self.views, training)

    def objective(self, x, y, outputs, training):
        losses = self._hinges(outputs)
        return {"triplet": (losses, _is_active(losses))}

    def measures(self, x, y, outputs):
        keys, offset = distribute.gather_keys(outputs)
        cosines, positives = nt_xent_logits(*outputs, *keys, offset)
        return {
            "active": _is_active(self._hinges(outputs)),
            "contrastive_accuracy": ops.equal(ops.argmax(cosines, -1), positives),
        }

    def loss_at_chance(self, batch_size):
        # What unrelated embeddings give the nearest of all goes by their dimensions.
        return self.margin if self.mining == "semi-hard" else None

    def _hinges(self, outputs):
        keys, offset = distribute.gather_keys(outputs)
        return triplet_loss(*outputs, *keys, offset, self.margin, self.mining)

    def get_config(self):
        return {
            **super().get_config(),
            "projection_dim": self.projection_dim,
            "hidden_dims": self.head.hidden_dims,
            "margin": self.margin,
            "mining": self.mining,
            "pooling": self.pooling,
        }


def _is_active(losses):
    return ops.cast(losses > 0, "float32")
