import numpy as np
from keras import ops

from kerassl.ops.attention_masks import (
    BIDIRECTIONAL,
    LEFT_RIGHT,
    PREFIX,
    RIGHT_LEFT,
    attention_mask,
)


def sees(kind, prefix, i, j):
    """Whether token i sees token j, by the definition in words."""
    if kind == BIDIRECTIONAL:
        return True
    if kind == LEFT_RIGHT:
        return j <= i
    if kind == RIGHT_LEFT:
        return j >= i
    return j < prefix if i < prefix else j <= i


def test_the_masks_equal_their_definitions():
    kinds = [BIDIRECTIONAL, LEFT_RIGHT, RIGHT_LEFT, PREFIX, PREFIX, PREFIX]
    prefixes = [0, 2, 3, 0, 3, 6]
    received = attention_mask(ops.array(kinds), ops.array(prefixes), 6)
    expected = [
        [[sees(kind, prefix, i, j) for j in range(6)] for i in range(6)]
        for kind, prefix in zip(kinds, prefixes, strict=True)
    ]
    np.testing.assert_array_equal(received, np.array(expected, int))


def test_what_is_seen_sees_no_more():
    # Else a token would learn in the second block what is hidden from it in the first.
    kinds, prefixes = ops.array([0, 1, 2, 3]), ops.array([0, 0, 0, 4])
    mask = ops.convert_to_numpy(attention_mask(kinds, prefixes, 9))
    np.testing.assert_array_equal((mask @ mask) > 0, mask > 0)
