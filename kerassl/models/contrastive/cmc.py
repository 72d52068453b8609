"""CMC: views of one scene, each with an encoder of its own, find one another."""

import itertools
import math
from collections.abc import Sequence

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_positive_integers
from kerassl.errors import InvalidValue
from kerassl.layers.memory_queue import MemoryQueue
from kerassl.layers.projection_head import ProjectionHead
from kerassl.losses.contrastive import check_temperature, queue_logits
from kerassl.losses.multiview import multiview_logits, sum_of_comparisons
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked


@keras.saving.register_keras_serializable(package="kerassl")
class CMC(PretextModel):
    """Learns what views of one scene have in common, as of its lightness and colours.

    Each view passes an encoder and a head of its own. The loss compares every view
    with every other one, in both directions: an image's lightness is to find its
    colours among those of other images, and its colours its lightness. What one
    view alone tells is of no use for that, so it is left out; what all of them tell
    about the scene stays. The views may be anything that comes together, and any
    number of it.

    The encoder is all of them side by side. Its features are those of all views,
    joined.

    Negatives are the other examples of the batch, over all replicas, or those of a
    queue. The paper has a memory bank: an embedding of every example, moved by half
    at each visit, of which 16,384 are drawn, and noise-contrastive estimation in
    the place of the softmax over them. Here the queue holds the newest embeddings,
    all of them are negatives of the softmax, and the positive is the other view's
    embedding of this step, to which the gradient flows too. So no example needs a
    number, and a queue does not grow with the data.

    Args:
        encoder: A functional `keras.Model` that has a layer by the name of each
            view, whose output is that view's features, (batch, dim), such as
            `kerassl.encoders.side_by_side` gives.
        pretext: A pretext layer that gives `({"image": ...},)`, such as
            `kerassl.pretext.LabView`, or the dict that `encoder` takes.
        view_names: Names of the views, two or more.
        projection_dim: Dimensions of the space in which views are compared.
        temperature: Softmax temperature, above 0.
        queue_size: Embeddings of each view in its queue, of which the paper draws
            16,384; None for the negatives of the batch.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        heads: A `ProjectionHead` for each view, one dense layer, of no use after
            pretraining.
        queues: A `MemoryQueue` for each view, or none of them.

    Input:
        `{"image": images}` as the encoder takes them, or a dict of its inputs.

    Output:
        Tuple of float tensors: (batch, projection_dim) for each view, of length 1;
        with queues, for each two views in both directions the logits (batch, 1 +
        queue_size).

    Logs:
        loss: InfoNCE in nats, added up over both directions of all pairs of views.
            Where nothing is learnt it is v * (v - 1) * log(batch) with v views; with
            queues 1 + `queue_size` is in the place of the batch.
        contrastive_accuracy: Share of views that are nearer to their own other view
            than to all others.

    Raises:
        ValueError: If `encoder` has no such layer for a view, there are fewer than
            two views, a width is no positive integer or `temperature` <= 0.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import plain_cnn, side_by_side
        >>> from kerassl.pretext import LabView
        >>> lightness = plain_cnn((8, 8, 1), (4,), (2,), name="l")
        >>> colours = plain_cnn((8, 8, 2), (4,), (2,), name="ab")
        >>> encoder = side_by_side([lightness, colours])
        >>> task = CMC(encoder, LabView(8, jit_compile=False), projection_dim=4)
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 3), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Tian et al., 2020, https://arxiv.org/abs/1906.05849
    """

    tracked = ("contrastive_accuracy",)
    can_collapse = True
    least_examples = 2
    compares_examples = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        view_names: Sequence[str] = ("l", "ab"),
        projection_dim: int = 128,
        temperature: float = 0.07,
        queue_size: int | None = None,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        check_positive_integers(projection_dim=projection_dim)
        if queue_size is not None:
            check_positive_integers(queue_size=queue_size)
        features = [_output(encoder, view) for view in _checked(view_names)]
        self.view_names = tuple(view_names)
        self.projection_dim = projection_dim
        self.temperature = temperature
        self.queue_size = queue_size
        self.heads = [
            ProjectionHead(
                projection_dim,
                hidden_dims=(),
                dtype=head_policy(encoder),
                name=f"{view}_head",
            )
            for view in view_names
        ]
        projected = [head(h) for head, h in zip(self.heads, features, strict=True)]
        keep_untracked(self, _network=keras.Model(encoder.input, projected))
        self.queues = []
        if queue_size is not None:
            self.queues = [
                MemoryQueue(queue_size, projection_dim, name=f"{view}_queue")
                for view in view_names
            ]
        self.built = True

    def propagate(self, x, training):
        projected = self._network(self.view(x), training=training)
        # Of length 1 in float32, as a queue holds them.
        z = tuple(ops.normalize(ops.cast(p, "float32"), axis=-1) for p in projected)
        if not self.queues:
            return z
        logits = tuple(
            queue_logits(z[a], z[b], self.queues[b].rows.value, self.temperature)
            for a, b in itertools.permutations(range(len(z)), 2)
        )
        if training:
            for queue, rows in zip(self.queues, z, strict=True):
                queue.enqueue(rows)
        return logits

    def objective(self, x, y, outputs, training):
        return {"multiview_info_nce": sum_of_comparisons(self._compared(outputs))}

    def measures(self, x, y, outputs):
        found = [
            ops.cast(ops.equal(ops.argmax(logits, axis=-1), own), "float32")
            for logits, own in self._compared(outputs)
        ]
        return {"contrastive_accuracy": sum(found) / len(found)}

    def loss_at_chance(self, batch_size):
        pairs = len(self.view_names) * (len(self.view_names) - 1)
        return pairs * math.log(1 + self.queue_size if self.queue_size else batch_size)

    def view(self, x):
        """Returns all views of each example together, as the encoder takes them."""
        return x if isinstance(self.encoder.input, dict) else x["image"]

    def _compared(self, outputs):
        """Returns logits and the columns of the right ones, for each direction."""
        if self.queues:
            own = ops.zeros_like(outputs[0][:, 0], dtype="int32")
            return [(logits, own) for logits in outputs]
        keys, offset = distribute.gather_keys(outputs)
        return multiview_logits(outputs, keys, offset, self.temperature)

    def get_config(self):
        return {
            **super().get_config(),
            "view_names": self.view_names,
            "projection_dim": self.projection_dim,
            "temperature": self.temperature,
            "queue_size": self.queue_size,
        }


def _checked(names):
    given = isinstance(names, Sequence) and not isinstance(names, str)
    if not given or len(names) < 2 or len(set(map(str, names))) < len(names):
        raise InvalidValue(
            "`view_names` must be two or more names, each another. "
            f"Received: view_names={names!r}"
        )
    return names


def _output(encoder, view):
    """Returns the features of a view, symbolic."""
    known = {layer.name: layer for layer in getattr(encoder, "layers", [])}
    if view not in known or len(known[view].output.shape) != 2:
        raise InvalidValue(
            "`encoder` must have a layer by the name of each of `view_names`, which "
            "gives (batch, dim), as `kerassl.encoders.side_by_side` makes it. "
            f"Received {view!r}, and an encoder with the layers {sorted(known)}"
        )
    return known[view].output
