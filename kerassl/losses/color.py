"""Losses of colourisation: which colour of a few hundred has a place?"""

import numpy as np
from keras import ops

from kerassl.checks import check_number
from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue


def nearest_bins(colors, bins, neighbours: int = 5, sigma: float = 5.0):
    """Returns the bins that a colour is nearest to, and its share in each.

    Args:
        colors: Float tensor (..., 2), the axes a and b of CIE L*a*b*.
        bins: Float array (bins, 2), on the same scale.
        neighbours: How many bins share a colour.
        sigma: Standard deviation of the Gaussian by which the shares fall with the
            distance, above 0, on the same scale.

    Returns:
        Integer tensor (..., neighbours), the numbers of bins, the nearest first, and
        float32 tensor (..., neighbours), their shares, which sum to 1.

    Raises:
        ValueError: If `sigma` is not above 0, or there are fewer bins.

    Example:
        >>> bins = np.array([[0.0, 0.0], [0.0, 10.0], [0.0, 20.0]])
        >>> numbers, shares = nearest_bins(ops.array([[0.0, 1.0]]), bins, 2)
        >>> numbers[0].numpy().tolist(), shares[0].numpy().round(2).tolist()
        ([0, 1], [0.8299999833106995, 0.17000000178813934])

    Reference:
        Zhang et al., 2016, section 2.1, https://arxiv.org/abs/1603.08511
    """
    check_number("sigma", sigma, above=0)
    if not 1 <= neighbours <= len(bins):
        raise InvalidValue(
            f"`neighbours` must be from 1 to the {len(bins)} bins. Received: "
            f"{neighbours}"
        )
    colors = ops.expand_dims(ops.cast(colors, "float32"), -2)
    distances = ops.sum(ops.square(colors - ops.cast(bins, "float32")), axis=-1)
    nearness, numbers = ops.top_k(-distances, neighbours)
    return numbers, ops.softmax(nearness / (2.0 * sigma**2))


def color_cross_entropy(logits, numbers, shares):
    """Returns the cross-entropy of each place's colour, told softly.

    Nothing is averaged: the caller weighs the places.

    Args:
        logits: Float tensor (..., bins).
        numbers: Integer tensor (..., neighbours), bins that share the true colour.
        shares: Float tensor (..., neighbours), their shares.

    Returns:
        Float32 tensor (...), in nats. The least possible value is the entropy of the
        shares, not 0.

    Raises:
        ValueError: If the shapes do not belong together.

    Example:
        >>> loss = color_cross_entropy(ops.zeros((1, 4)), [[0, 1]], [[0.7, 0.3]])
        >>> round(float(loss[0]), 4)  # ln 4
        1.3863

    Reference:
        Zhang et al., 2016, eq. 2, https://arxiv.org/abs/1603.08511
    """
    numbers, shares = ops.convert_to_tensor(numbers), ops.convert_to_tensor(shares)
    if tuple(numbers.shape) != tuple(shares.shape) or len(numbers.shape) != len(
        logits.shape
    ):
        raise InvalidValue(
            "`numbers` and `shares` must have one shape and the axes of `logits`. "
            f"Received shapes: {tuple(numbers.shape)}, {tuple(shares.shape)} and "
            f"{tuple(logits.shape)}"
        )
    check_finite(logits=logits)
    told = ops.log_softmax(ops.cast(logits, "float32"))
    told = ops.take_along_axis(told, numbers, axis=-1)
    return -ops.sum(ops.cast(shares, "float32") * told, axis=-1)


def rebalancing_weights(prior, uniform_share: float = 0.5):
    """Returns how much a place of each colour counts, so that rare ones are learnt.

    The inverse of the distribution of colours, mixed with the uniform one, such that
    the weight of a place is 1 on average. Without it what is learnt is grey.

    Args:
        prior: Float array (bins,), the share of each colour in the data.
        uniform_share: The paper's lambda, the share of the uniform distribution in the
            mixture, above 0 and at most 1; with 1 all weights are 1.

    Returns:
        Float array (bins,).

    Raises:
        ValueError: If `prior` does not sum to 1 or `uniform_share` is out of its range.

    Example:
        >>> rebalancing_weights(np.array([0.9, 0.1])).round(2).tolist()
        [0.88, 2.06]

    Reference:
        Zhang et al., 2016, eq. 4, https://arxiv.org/abs/1603.08511
    """
    check_number("uniform_share", uniform_share, above=0, most=1)
    prior = np.asarray(prior, "float64")
    if prior.ndim != 1 or (prior < 0).any() or abs(prior.sum() - 1) > 1e-3:
        raise InvalidValue(
            "`prior` must hold the share of each bin, 1 together. Received: "
            f"{prior.shape}, {prior.sum():.6g} together"
        )
    weights = 1.0 / ((1.0 - uniform_share) * prior + uniform_share / len(prior))
    return weights / np.sum(prior * weights)


def annealed_mean(logits, bins, temperature: float = 0.38):
    """Returns one colour of a distribution over bins, between its mean and its mode.

    Args:
        logits: Float tensor (..., bins).
        bins: Float array (bins, 2).
        temperature: With 1 it is the mean, which is greyish; near 0 the mode, which is
            spotty; above 0, no unit.

    Returns:
        Float32 tensor (..., 2), the axes a and b.

    Raises:
        ValueError: If `temperature` is not above 0.

    Example:
        >>> bins = np.array([[0.0, 0.0], [0.0, 10.0]])
        >>> annealed_mean(ops.zeros((1, 2)), bins)[0].numpy().tolist()
        [0.0, 5.0]

    Reference:
        Zhang et al., 2016, eq. 5, https://arxiv.org/abs/1603.08511
    """
    check_number("temperature", temperature, above=0)
    shares = ops.softmax(ops.cast(logits, "float32") / temperature)
    return ops.matmul(shares, ops.cast(bins, "float32"))
