"""Random numbers that are a function of a seed for each example.

Keras's generators hold one state for a whole step, so that two replicas draw the
same numbers, and one replica draws others than two. Here every example brings its
own seed, as part of the data, and its numbers depend on nothing else.
"""

import math

from keras import ops

from kerassl.checks import check_positive_integers

# Of Threefry-2x32: bits that are rotated in each of eight rounds, and the parity.
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA
ROUNDS = 20
# A float32 in [0, 1) holds so many bits.
MANTISSA = 24


def uniform(seeds, shape):
    """Returns uniform random numbers, those of each example from its own seed.

    The same bits on every backend, on any number of replicas, and for an example
    in any place of any batch.

    Args:
        seeds: Integer tensor (batch, 2), such as `x["seed"]` of a task whose
            `reads` names "seeds".
        shape: Tuple of positive integers, the shape of one example's numbers.

    Returns:
        Float32 tensor `(batch, *shape)` in [0, 1).

    Raises:
        ValueError: If a size is not a positive integer.

    Example:
        >>> numbers = uniform(ops.convert_to_tensor([[1, 2], [1, 2], [3, -4]]), (5,))
        >>> bool(ops.all(numbers[0] == numbers[1])), numbers.shape
        (True, TensorShape([3, 5]))

    Reference:
        Salmon et al., 2011, Parallel random numbers: as easy as 1, 2, 3,
        https://doi.org/10.1145/2063384.2063405
    """
    for size in shape:
        check_positive_integers(shape=size)
    key = ops.cast(ops.convert_to_tensor(seeds, dtype="int32"), "uint32")
    # XLA has no range of uint32.
    counters = ops.cast(ops.arange(math.prod(shape), dtype="int32"), "uint32")[None]
    bits, _ = threefry(key[:, :1], key[:, 1:], counters, ops.zeros_like(counters))
    bits = ops.right_shift(bits, _uint32(32 - MANTISSA))
    numbers = ops.cast(bits, "float32") * 2.0**-MANTISSA
    return ops.reshape(numbers, (-1, *shape))


def threefry(key0, key1, x0, x1):
    """Returns two words of random bits: the block cipher Threefry-2x32.

    Args:
        key0: uint32 tensor, the first word of the key.
        key1: uint32 tensor, the second.
        x0: uint32 tensor, the first word of what is enciphered.
        x1: uint32 tensor, the second.

    Returns:
        Pair of uint32 tensors, of the shape that all four broadcast to.
    """
    parity = ops.bitwise_xor(ops.bitwise_xor(key0, key1), _uint32(PARITY))
    keys = (key0, key1, parity)
    x0, x1 = x0 + key0, x1 + key1
    for number in range(ROUNDS):
        x0 = x0 + x1
        x1 = ops.bitwise_xor(_rotated(x1, ROTATIONS[number % 8]), x0)
        if number % 4 == 3:
            turn = number // 4 + 1
            x0 = x0 + keys[turn % 3]
            x1 = x1 + keys[(turn + 1) % 3] + _uint32(turn)
    return x0, x1


def _rotated(words, bits):
    return ops.bitwise_or(
        ops.left_shift(words, _uint32(bits)), ops.right_shift(words, _uint32(32 - bits))
    )


def _uint32(value):
    return ops.convert_to_tensor(value, dtype="uint32")
