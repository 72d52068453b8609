"""The triplet loss: nearer to the other view than to other images, by a margin."""

from keras import ops

from kerassl.checks import check_number, check_one_of
from kerassl.losses.contrastive import check_negatives, in_float32, nt_xent_logits

MININGS = ("semi-hard", "batch-hard")
# More than any squared distance on the unit sphere, which is 4 at most.
_FAR = 8.0


def triplet_loss(
    z1,
    z2,
    keys1=None,
    keys2=None,
    offset=0,
    margin: float = 0.2,
    mining: str = "semi-hard",
):
    """Returns the triplet loss of each view, with a negative mined in the batch.

    Each view is an anchor, the other view of its image the positive, both views of
    all other images are negatives. Of an anchor whose squared distance is p to its
    positive and n to the mined negative, all of length 1, it is max(0, p - n +
    margin). On several devices the anchors are this device's rows, the keys all
    devices' rows.

    FaceNet averages over the active triplets, those above 0: divide the sum by
    their number, since a mean over all fades as they become fewer.

    Args:
        z1: Float tensor (batch, dim), first views' embeddings, of any length.
        z2: Float tensor (batch, dim), second views' embeddings.
        keys1: Float tensor (global_batch, dim), first views of all devices,
            or None for `z1`.
        keys2: Float tensor (global_batch, dim), second views of all devices,
            or None for `z2`.
        offset: Position of row 0 of `z1` in `keys1`, integer or scalar integer
            tensor.
        margin: By how much negatives are to be further than the positive, the
            paper's alpha, above 0 and below 4.
        mining: `"semi-hard"` takes the nearest of the negatives that are further
            than the positive, which has no loss where it is beyond the margin; where
            none is further, the furthest of all. `"batch-hard"` takes the nearest of
            all.

    Returns:
        Float32 tensor (2 * batch,), anchors of `z1`, then of `z2`. Equal embeddings
        give `margin`.

    Raises:
        ValueError: If the shapes do not fit, there is one example only, or `margin`
            or `mining` is none of those.

    Example:
        >>> z1, z2 = ops.array([[1.0, 0.0], [0.6, 0.8]]), ops.eye(2)
        >>> [round(float(loss), 4) for loss in triplet_loss(z1, z2, margin=1.0)]
        [0.2, 0.6, 0.2, 0.0]

    References:
        Schroff et al., 2015, eq. 2 and 4, https://arxiv.org/abs/1503.03832
        Hermans et al., 2017, eq. 5, https://arxiv.org/abs/1703.07737
    """
    check_number("margin", margin, above=0, below=4)
    check_one_of("mining", mining, MININGS)
    z1, z2, keys1, keys2 = in_float32(z1, z2, keys1, keys2)
    cosines, positives = nt_xent_logits(z1, z2, keys1, keys2, offset, temperature=1.0)
    check_negatives(cosines)
    # No root of a distance, whose gradient at 0 would be infinite.
    distances = 2.0 - 2.0 * cosines  # (2 * batch, 2 * global_batch)
    own, others = _masks(positives, ops.shape(distances)[1])
    positive = ops.sum(ops.where(own, distances, 0.0), axis=-1)
    mine = _semi_hard if mining == "semi-hard" else _batch_hard
    return ops.relu(positive - mine(distances, positive, others) + margin)


def _masks(positives, columns):
    """Returns where the positive of each anchor lies, and where the negatives."""
    batch = ops.shape(positives)[0] // 2
    own = ops.one_hot(positives, columns, dtype="bool")
    # Where the positive of one view lies is the other view itself.
    swapped = ops.concatenate([positives[batch:], positives[:batch]])
    itself = ops.one_hot(swapped, columns, dtype="bool")
    return own, ops.logical_not(ops.logical_or(own, itself))


def _semi_hard(distances, positive, others):
    further = ops.logical_and(others, distances > ops.expand_dims(positive, -1))
    nearest = ops.min(ops.where(further, distances, _FAR), axis=-1)
    furthest = ops.max(ops.where(others, distances, -_FAR), axis=-1)
    return ops.where(ops.any(further, axis=-1), nearest, furthest)


def _batch_hard(distances, positive, others):
    return ops.min(ops.where(others, distances, _FAR), axis=-1)
