"""Telling the place of a patch, where a place near by is nearly right."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from kerassl.checks import check_number, check_widths
from kerassl.distribute import check_finite
from kerassl.errors import InvalidValue

# Below it all places but the right one have a share of 0 in float32.
LEAST_SIGMA = 1e-3


def smoothed_places(grid: Sequence[int], sigma):
    """Returns how much of the answer each place is, for a patch of each place.

    It is exp(-d^2 / sigma^2) at a distance of d patches, divided by the sum of all
    places. The authors' code divides by the sums of the other axis, which are not
    the same at the edges, so that its answers there do not sum to 1.

    Args:
        grid: (rows, columns) of an image's patches.
        sigma: Width in patches, 0 or more, a number or a scalar tensor; 0 leaves the
            right place alone.

    Returns:
        Float32 tensor (places, places), in each row the answer for one place.

    Raises:
        ValueError: If a size is no positive integer or `sigma` is below 0.

    Example:
        >>> answers = smoothed_places((1, 3), sigma=1.0)
        >>> [round(float(share), 3) for share in answers[0]]  # 1, e^-1 and e^-4
        [0.721, 0.265, 0.013]

    Reference:
        Wang et al., 2023, section 3.2, https://arxiv.org/abs/2309.03576
    """
    check_widths(grid=grid)
    if isinstance(sigma, (int, float)):
        check_number("sigma", sigma, least=0)
    places = np.indices(tuple(grid)).reshape(2, -1).T
    squares = np.square(places[:, None] - places[None]).sum(-1).astype("float32")
    sigma = ops.maximum(ops.cast(sigma, "float32"), LEAST_SIGMA)
    shares = ops.exp(-squares / ops.square(sigma))
    return shares / ops.sum(shares, axis=-1, keepdims=True)


def place_cross_entropy(logits, places, answers):
    """Returns the cross-entropy of telling the place of each patch.

    Args:
        logits: Float tensor (..., places), any float type; the loss is computed in
            float32.
        places: Integer tensor (...), the right place of each.
        answers: Float tensor (places, places), as of `smoothed_places`.

    Returns:
        Float32 tensor (...), in nats; ln(places) where all logits are alike.

    Raises:
        ValueError: If the shapes do not belong together.

    Example:
        >>> answers = smoothed_places((2, 2), sigma=1.0)
        >>> loss = place_cross_entropy(ops.zeros((1, 4)), ops.array([3]), answers)
        >>> round(float(loss[0]), 4)  # ln 4
        1.3863

    Reference:
        Wang et al., 2023, eq. 5, https://arxiv.org/abs/2309.03576
    """
    count = logits.shape[-1]
    if tuple(answers.shape) != (count, count) or len(places.shape) + 1 != len(
        logits.shape
    ):
        raise InvalidValue(
            "`logits` must have one axis more than `places`, as long as those of "
            f"`answers`. Received shapes: {tuple(logits.shape)}, "
            f"{tuple(places.shape)} and {tuple(answers.shape)}"
        )
    check_finite(logits=logits)
    told = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    return -ops.sum(ops.take(answers, places, axis=0) * told, axis=-1)
