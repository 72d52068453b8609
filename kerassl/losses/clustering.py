"""Losses of clustering: predict the prototypes that another view was given to."""

from keras import ops

from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue
from kerassl.losses.distillation import cross_view_entropy


def swapped_prediction(scores, codes, temperature: float = 0.1):
    """Returns each example's loss of predicting a view's code from its other views.

    The code of each of the first views is predicted from every view but itself. The
    prediction is a softmax over the prototypes, the loss its cross-entropy; it is
    the mean over these predictions, then over the codes. Predictions that know
    nothing have ln(prototypes).

    Args:
        scores: Float tensor (batch, views, prototypes), 2 or more views: how alike
            view and prototype are, a cosine in SwAV.
        codes: Float tensor (batch, coded, prototypes): the codes of the first
            `coded` views, each with the sum 1, as `kerassl.ops.sinkhorn` gives
            them. No gradient flows back to them.
        temperature: Softmax temperature of the scores, above 0, no unit.

    Returns:
        Float32 tensor (batch,) in nats.

    Raises:
        ValueError: If the shapes do not fit or `temperature` <= 0.

    Example:
        >>> codes = ops.array([[[1.0, 0.0], [1.0, 0.0]]])
        >>> round(float(swapped_prediction(ops.zeros((1, 2, 2)), codes)[0]), 4)  # ln 2
        0.6931

    Reference:
        Caron et al., 2020, eq. 1, 2 and 6, https://arxiv.org/abs/2006.09882
    """
    _check_shapes(tuple(scores.shape), tuple(codes.shape))
    check_finite(scores=scores, codes=codes)
    return cross_view_entropy(
        ops.unstack(scores, axis=1), ops.unstack(codes, axis=1), temperature
    )


def _check_shapes(scores, codes):
    fit = len(scores) == len(codes) == 3 and scores[::2] == codes[::2]
    if not fit or scores[1] < 2 or not 0 < codes[1] <= scores[1]:
        raise InvalidValue(
            "`scores` must have shape (batch, views, prototypes) with 2 or more views, "
            "and `codes` must have codes of 1 or more of these views. "
            f"Received: {scores} and {codes}"
        )
