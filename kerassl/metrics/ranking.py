"""Measures of scores by their order."""

from keras import ops

from kerassl.errors import InvalidValue


def share_below(scores, others, counted):
    """Returns the share of the others that each score is above; a tie is half.

    Its mean over the scores of the positives, where the others are the negatives,
    is the area under the ROC curve (Mann-Whitney): the probability that a positive
    has a higher score than a negative. With the others of all replicas and the
    scores of its own, each replica has its part of an area that does not depend on
    how the batch is cut.

    Args:
        scores: Float tensor of any shape, finite.
        others: Float tensor (n,), finite.
        counted: Boolean tensor (n,), which of the others count.

    Returns:
        Float32 tensor of the shape of `scores`, in [0, 1]; 0 where none counts.

    Raises:
        ValueError: If `others` and `counted` are no vectors of one length.

    Example:
        >>> others, counted = ops.array([1.0, 2.0, 3.0]), ops.array([1, 1, 0]) > 0
        >>> ops.convert_to_numpy(share_below(ops.array([2.0, 9.0]), others, counted))
        array([0.75, 1.  ], dtype=float32)

    Reference:
        Hanley and McNeil, 1982, https://doi.org/10.1148/radiology.143.1.7063747
    """
    shapes = tuple(others.shape), tuple(counted.shape)
    if shapes[0] != shapes[1] or len(shapes[0]) != 1:
        raise InvalidValue(
            "`others` and `counted` must be vectors of one length. Received shapes: "
            f"{shapes[0]} and {shapes[1]}"
        )
    # What does not count is above every score, so below none.
    ordered = ops.sort(ops.where(counted, others, float("inf")))
    flat = ops.reshape(scores, (-1,))
    below = ops.searchsorted(ordered, flat, side="left")
    not_above = ops.searchsorted(ordered, flat, side="right")
    number = ops.maximum(ops.sum(ops.cast(counted, "float32")), 1.0)
    shares = ops.cast(below + not_above, "float32") / (2.0 * number)
    return ops.reshape(shares, ops.shape(scores))
