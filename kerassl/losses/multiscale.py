"""Contrast between a vector of one view and the places of a map of another."""

from keras import ops

from kerassl import distribute
from kerassl.checks import check_number
from kerassl.errors import InvalidValue

# What no score comes near to, in every float dtype.
_EXCLUDED = -1e4


def map_scores(sources, places):
    """Returns how vectors fit the places of maps: what `map_info_nce` compares.

    A score is the inner product by the root of the dimensions.

    Args:
        sources: Float tensor (batch, dim), one vector of each image.
        places: Float tensor (global_batch, places, dim), those of the other view's map.

    Returns:
        Float32 tensor (batch, global_batch, places).

    Raises:
        ValueError: If the shapes do not fit.

    Example:
        >>> float(map_scores(ops.ones((1, 4)), ops.ones((1, 1, 4)))[0, 0, 0])
        2.0

    Reference:
        Bachman et al., 2019, section 3.3, https://arxiv.org/abs/1906.00910
    """
    shapes = tuple(sources.shape), tuple(places.shape)
    if len(shapes[0]) != 2 or len(shapes[1]) != 3 or shapes[0][1] != shapes[1][2]:
        raise InvalidValue(
            "`sources` must have the shape (batch, dim), and `places` (global_batch, "
            f"places, dim). Received: {shapes[0]} and {shapes[1]}"
        )
    distribute.check_finite(sources=sources, places=places)
    sources, places = (ops.cast(part, "float32") for part in (sources, places))
    _, count, dim = shapes[1]
    rows = ops.reshape(places, (-1, dim))
    scores = ops.matmul(sources, ops.transpose(rows)) / dim**0.5
    return ops.reshape(scores, (ops.shape(scores)[0], -1, count))


def map_info_nce(scores, offset=0, clip: float = 20.0):
    """Returns the InfoNCE loss of a vector and each place of its other view (AMDIM).

    The vector of an image is to tell each place of the other view of that image
    from all places of the other images, one by one: other places of its own image
    are neither right nor wrong. Scores s are softly clipped, to `clip` *
    tanh(s / `clip`).

    Args:
        scores: Float tensor (batch, global_batch, places) of `map_scores`.
        offset: Position of the first image of the batch in the global batch, integer
            or scalar integer tensor.
        clip: What no score exceeds, above 0.

    Returns:
        Float32 tensor (batch, places) in nats.

    Raises:
        ValueError: If `scores` is of another rank or `clip` is not above 0.

    Example:
        >>> losses = map_info_nce(ops.zeros((3, 3, 25)))
        >>> round(float(losses[0, 0]), 4)  # ln(1 + 2 * 25)
        3.9318

    Reference:
        Bachman et al., 2019, section 3.3, https://arxiv.org/abs/1906.00910
    """
    right, wrong = _split(scores, offset, clip)
    # -log(exp(r) / (exp(r) + sum(exp(w)))), which no score can make overflow.
    return ops.softplus(ops.logsumexp(wrong, axis=(1, 2))[:, None] - right)


def best_is_right(scores, offset=0, clip: float = 20.0):
    """Returns whether a vector fits a place better than all of other images.

    Args:
        scores: As in `map_info_nce`.
        offset: As there.
        clip: As there.

    Returns:
        Boolean tensor (batch, places).

    Raises:
        ValueError: As there.

    Example:
        >>> own = ops.reshape(ops.eye(3), (3, 3, 1))
        >>> bool(ops.all(best_is_right(own)))
        True
    """
    right, wrong = _split(scores, offset, clip)
    return right > ops.max(wrong, axis=(1, 2))[:, None]


def score_penalty(scores):
    """Returns each image's mean squared score, before any is clipped (AMDIM).

    It keeps scores where the soft clip still has a slope.

    Args:
        scores: As in `map_info_nce`.

    Returns:
        Float32 tensor (batch,).

    Example:
        >>> float(score_penalty(2.0 * ops.ones((1, 2, 3)))[0])
        4.0

    Reference:
        Bachman et al., 2019, section 3.3, https://arxiv.org/abs/1906.00910
    """
    return ops.mean(ops.square(ops.cast(scores, "float32")), axis=(1, 2))


def _split(scores, offset, clip):
    """Returns clipped scores of the own places, and all with the own ones excluded."""
    check_number("clip", clip, above=0)
    if len(scores.shape) != 3:
        raise InvalidValue(
            "`scores` must have the shape (batch, global_batch, places). Received: "
            f"{tuple(scores.shape)}"
        )
    scores = clip * ops.tanh(ops.cast(scores, "float32") / clip)
    count, everyone = ops.shape(scores)[:2]
    rows = ops.arange(count, dtype="int32") + ops.cast(offset, "int32")
    own = ops.one_hot(rows, everyone, dtype="bool")[..., None]
    right = ops.sum(ops.where(own, scores, 0.0), axis=1)
    return right, ops.where(own, _EXCLUDED, scores)
