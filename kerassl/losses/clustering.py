"""Losses of clustering: predict the prototypes that another view was given to."""

from keras import ops

from kerassl.checks import check_number
from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


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
    check_number("temperature", temperature, above=0)
    coded = _check_shapes(tuple(scores.shape), tuple(codes.shape))
    check_finite(scores=scores, codes=codes)
    views = scores.shape[1]
    logs = ops.log_softmax(ops.cast(scores, "float32") / temperature, axis=-1)
    # Of each coded view, the mean over all views but itself.
    others = (ops.sum(logs, axis=1, keepdims=True) - logs[:, :coded]) / (views - 1.0)
    codes = ops.stop_gradient(ops.cast(codes, "float32"))
    return -ops.mean(ops.sum(codes * others, axis=-1), axis=-1)


def _check_shapes(scores, codes):
    """Returns how many views have codes."""
    fit = len(scores) == len(codes) == 3 and scores[::2] == codes[::2]
    if not fit or scores[1] < 2 or not 0 < codes[1] <= scores[1]:
        raise InvalidValue(
            "`scores` must have shape (batch, views, prototypes) with 2 or more views, "
            "and `codes` must have codes of 1 or more of these views. "
            f"Received: {scores} and {codes}"
        )
    return codes[1]
