"""Draws in which every group comes alike, whatever its size."""

import numpy as np

from kerassl.checks import check_integer
from kerassl.errors import InvalidValue


def even_draws(groups, count: int, seed):
    """Returns positions, as many of each group as of every other, in random order.

    Of a group that has fewer members than are drawn some come several times; of
    another none twice. The groups' numbers in the result differ by few: what is
    drawn beyond `count` is left out by chance.

    Args:
        groups: Integer array (members,), each member's group.
        count: Positions to draw.
        seed: What `numpy.random.default_rng` takes: a result is a function of the
            arguments alone.

    Returns:
        int64 array (count,), each in [0, members).

    Raises:
        ValueError: If `groups` is no vector of integers with a member, or `count` no
            positive integer.

    Example:
        >>> groups = np.array([0] * 90 + [1] * 10)
        >>> drawn = even_draws(groups, 40, seed=0)
        >>> len(drawn), np.bincount(groups[drawn]).tolist()
        (40, [20, 20])

    Reference:
        Caron et al., 2018, section 3.3, https://arxiv.org/abs/1807.05520
    """
    groups = np.asarray(groups)
    check_integer("count", count, least=1)
    if groups.ndim != 1 or not groups.size or groups.dtype.kind not in "iu":
        raise InvalidValue(
            "`groups` must be a vector of integers with a member or more. Received "
            f"shape {groups.shape}, dtype {groups.dtype}"
        )
    random = np.random.default_rng(seed)
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order][0] - 1))
    members = np.split(order, starts[1:])
    each = -(-count // len(members))
    drawn = [random.choice(own, each, replace=len(own) < each) for own in members]
    return random.permutation(np.concatenate(drawn))[:count].astype(np.int64)
