"""Contrast between several views of an example, each in a network of its own."""

import itertools
from collections.abc import Sequence

import keras

from kerassl.errors import InvalidValue
from kerassl.losses.contrastive import in_batch_logits


def multiview_info_nce(
    views: Sequence, keys: Sequence | None = None, offset=0, temperature: float = 0.07
):
    """Returns each example's loss of CMC: every view finds every other one.

    For each two views there are two losses: of the first, which is to find its own
    second among those of the other examples, and the other way round. All of them
    are added up (the paper's full graph), so with two views there are two.

    Args:
        views: Float tensors (batch, dim), two or more, of any length; row i of each
            is of one example.
        keys: Float tensors (global_batch, dim), the views of all devices, or None
            for `views`.
        offset: Position of row 0 of `views` in `keys`, integer or scalar integer
            tensor.
        temperature: Softmax temperature of the cosines, above 0, no unit.

    Returns:
        Float tensor (batch,) in nats.

    Raises:
        ValueError: If there are fewer than two views, they do not fit together or
            `temperature` <= 0.

    Example:
        >>> from keras import ops
        >>> losses = multiview_info_nce([ops.eye(4), ops.eye(4)], temperature=0.5)
        >>> round(float(losses[0]), 4)  # 2 * 0.34075
        0.6815

    Reference:
        Tian et al., 2020, eq. 6 and 8, https://arxiv.org/abs/1906.05849
    """
    return sum_of_comparisons(multiview_logits(views, keys, offset, temperature))


def multiview_logits(
    views: Sequence, keys: Sequence | None = None, offset=0, temperature: float = 0.07
):
    """Returns the scaled cosines behind `multiview_info_nce`, for each direction.

    Args:
        views: As in `multiview_info_nce`.
        keys: As there.
        offset: As there.
        temperature: As there.

    Returns:
        List of pairs as `in_batch_logits` gives them, of views 1 and 2, 1 and 3, ...,
        2 and 1, ...

    Raises:
        ValueError: As there.

    Example:
        >>> from keras import ops
        >>> found = multiview_logits([ops.eye(4)] * 3)
        >>> len(found), tuple(found[0][0].shape)
        (6, (4, 4))
    """
    keys = views if keys is None else keys
    if len(views) < 2 or len(keys) != len(views):
        raise InvalidValue(
            "`views` must be two or more, and `keys` as many. Received: "
            f"{len(views)} and {len(keys)}"
        )
    return [
        in_batch_logits(views[a], keys[b], offset, temperature)
        for a, b in itertools.permutations(range(len(views)), 2)
    ]


def sum_of_comparisons(comparisons):
    """Returns each example's cross-entropy, added up over several comparisons.

    Args:
        comparisons: Pairs of logits (batch, candidates) and integers (batch,), the
            columns of the right ones.

    Returns:
        Float tensor (batch,) in nats.

    Example:
        >>> from keras import ops
        >>> pair = ops.zeros((1, 8)), ops.zeros(1, "int32")
        >>> round(float(sum_of_comparisons([pair, pair])[0]), 4)  # 2 ln 8
        4.1589
    """
    return sum(
        keras.losses.sparse_categorical_crossentropy(right, logits, from_logits=True)
        for logits, right in comparisons
    )
