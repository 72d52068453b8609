"""AMDIM: what one view is as a whole tells the patches of the other."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_number
from kerassl.errors import InvalidValue
from kerassl.layers.map_embedding import MapEmbedding
from kerassl.losses.multiscale import (
    best_is_right,
    map_info_nce,
    map_scores,
    score_penalty,
)
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked

TERMS = ("global_to_coarse", "global_to_fine", "coarse_to_coarse")


@keras.saving.register_keras_serializable(package="kerassl")
class AMDIM(PretextModel):
    """Learns representations that share information across views and scales.

    Augmented multiscale deep InfoMax: from the features of one view of an image its
    patches in the other view are to be told from those of all other images of the
    batch, over all replicas. So the features must tell what is to be seen anywhere in
    the image. Patches are places of two maps inside of the encoder, a coarse and a
    fine one; and from one place of the coarse map, drawn for each image, those of
    the other view's coarse map are to be told too. Everything goes in both
    directions.

    A map's places must see little of the image, and no padding: padding tells where
    a place lies, and a large receptive field what the whole is.
    `kerassl.encoders.multiscale_cnn` is made for that.

    Args:
        encoder: A functional `keras.Model` to a vector, (batch, dim), that has a
            layer by the name of each map, such as `kerassl.encoders.multiscale_cnn`
            gives. Maps are embedded in the space of that vector, which is better
            normalised over the batch.
        pretext: A pretext layer that gives `({"view1": ..., "view2": ...},)`,
            such as `kerassl.pretext.TwoViews`. AMDIM's views have
            `crop_scale=(0.3, 1.0)`, half the jitter of SimCLR's and no blur.
        map_names: The coarse and the fine map; in the paper of 5x5 and 7x7 places.
        clip: What no score exceeds, above 0: scores s become clip * tanh(s / clip).
        penalty_weight: Of the mean squared score, 0 or more.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        embeddings: A `MapEmbedding` for each map, of no use after pretraining.

    Input:
        `{"view1": images, "view2": images, "seed": seeds}`: images as the encoder
        takes them, and a seed for each, int32 (batch, 2).

    Output:
        Dict of float tensors: `"whole"` (batch, 2, dim), the features of both views;
        `"places"` (batch, 2, places, dim), those of the coarse map and then of the
        fine one; `"drawn"` (batch, 2, dim), the place drawn of the coarse map.

    Logs:
        loss: Sum of the three terms, each in nats and the mean over both directions
            and all places, and the penalty. Where nothing is learnt and the scores
            are 0, 2 * log(1 + (batch - 1) * n) + log(1 + (batch - 1) * m) with n
            coarse and m fine places.
        contrastive_accuracy: Share of the coarse places that the other view's
            features fit better than all places of other images.

    Raises:
        ValueError: If `encoder` gives no vector or has no such maps, or a number is
            out of its range.

    Example:
        >>> import numpy as np
        >>> from kerassl.encoders import multiscale_cnn
        >>> from kerassl.pretext import TwoViews
        >>> encoder = multiscale_cnn((8, 8, 1), (4, 4, 4, 8), (2, 3, 3, 3), (1,) * 4, 1)
        >>> task = AMDIM(encoder, TwoViews(8, blur_rate=0.0, jit_compile=False))
        >>> task.compile("adam")
        >>> images = np.zeros((16, 8, 8, 1), "uint8")
        >>> history = task.fit(task.dataset(images, batch_size=8), verbose=0)

    Reference:
        Bachman et al., 2019, https://arxiv.org/abs/1906.00910
    """

    views = ("view1", "view2")
    tracked = ("contrastive_accuracy",)
    can_collapse = True
    least_examples = 2
    compares_examples = True
    reads = ("seed",)

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        map_names: Sequence[str] = ("map5", "map7"),
        clip: float = 20.0,
        penalty_weight: float = 0.05,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_number("clip", clip, above=0)
        check_number("penalty_weight", penalty_weight, least=0)
        maps = _maps_of(encoder, map_names)
        self.map_names = tuple(map_names)
        self.clip = clip
        self.penalty_weight = penalty_weight
        self.embeddings = [
            MapEmbedding(
                encoder.output.shape[-1],
                dtype=head_policy(encoder),
                name=f"{map_name}_embedding",
            )
            for map_name in map_names
        ]
        embedded = [e(m) for e, m in zip(self.embeddings, maps, strict=True)]
        outputs = [encoder.output, *embedded]
        keep_untracked(self, _network=keras.Model(encoder.input, outputs))
        self._places = [math.prod(m.shape[1:3]) for m in maps]
        self.built = True

    def propagate(self, x, training):
        views = [self._embedded(x[view], training) for view in self.views]
        wholes, places = (
            ops.stack(parts, axis=1) for parts in zip(*views, strict=True)
        )
        # A seed's two words are random bits, one for each view.
        drawn = [
            _drawn(own[:, : self._places[0]], x["seed"][:, k])
            for k, (_, own) in enumerate(views)
        ]
        return {"whole": wholes, "places": places, "drawn": ops.stack(drawn, axis=1)}

    def _embedded(self, images, training):
        """Returns the features of a view, and its places, the coarse ones first."""
        whole, *maps = self._network(images, training=training)
        dim = whole.shape[-1]
        places = [
            ops.reshape(ops.cast(m, "float32"), (-1, m.shape[1] * m.shape[2], dim))
            for m in maps
        ]
        return ops.cast(whole, "float32"), ops.concatenate(places, axis=1)

    def objective(self, x, y, outputs, training):
        scores, offset = self._scores(outputs)
        terms = {
            term: sum(map_info_nce(each, offset, self.clip) for each in pair) / 2.0
            for term, pair in scores.items()
        }
        penalty = sum(score_penalty(each) for pair in scores.values() for each in pair)
        return {**terms, "penalty": self.penalty_weight * penalty / 2.0}

    def measures(self, x, y, outputs):
        scores, offset = self._scores(outputs)
        right = [
            best_is_right(each, offset, self.clip)
            for each in scores["global_to_coarse"]
        ]
        return {"contrastive_accuracy": ops.concatenate(right)}

    def loss_at_chance(self, batch_size):
        coarse, fine = (math.log(1 + (batch_size - 1) * n) for n in self._places)
        return 2 * coarse + fine

    def _scores(self, outputs):
        """Returns {term: scores in both directions}, and where own images begin."""
        places, offset = distribute.gather_keys(outputs["places"])
        coarse = self._places[0]
        scores = {term: [] for term in TERMS}
        for one, other in ((0, 1), (1, 0)):
            whole = map_scores(outputs["whole"][:, one], places[:, other])
            drawn = map_scores(outputs["drawn"][:, one], places[:, other, :coarse])
            scores["global_to_coarse"].append(whole[..., :coarse])
            scores["global_to_fine"].append(whole[..., coarse:])
            scores["coarse_to_coarse"].append(drawn)
        return scores, offset

    def get_config(self):
        return {
            **super().get_config(),
            "map_names": self.map_names,
            "clip": self.clip,
            "penalty_weight": self.penalty_weight,
        }


def _drawn(places, bits):
    """Returns one of each image's places, (batch, dim), chosen by random bits."""
    chosen = ops.mod(ops.cast(bits, "int32"), places.shape[1])
    chosen = ops.one_hot(chosen, places.shape[1], dtype=places.dtype)
    return ops.einsum("bp,bpd->bd", chosen, places)


def _maps_of(encoder, names):
    """Returns the coarse and the fine map, symbolic."""
    known = {layer.name: layer for layer in getattr(encoder, "layers", [])}
    given = isinstance(names, Sequence) and not isinstance(names, str)
    if not given or len(names) != 2 or any(name not in known for name in names):
        raise InvalidValue(
            "`map_names` must be the names of two layers of `encoder`. Received: "
            f"map_names={names!r} and an encoder with the layers {sorted(known)}"
        )
    maps = [known[name].output for name in names]
    if any(len(m.shape) != 4 for m in maps) or len(encoder.output.shape) != 2:
        raise InvalidValue(
            "`encoder` must give a vector, and its layers of `map_names` maps. "
            f"Received the shapes: {tuple(encoder.output.shape)} and "
            f"{[tuple(m.shape) for m in maps]}"
        )
    return maps
