"""Orders of tiles that are as unlike one another as can be."""

import itertools

import numpy as np

# `distant_permutations(9, 64)`, kept, since a trained head knows them by number. Any
# two differ in 7 places or more, in 8.1 on average.
NINE = """
751623804 012345678 103254786 230168457 324087165 465870213 548706321 687412530
876531042 023678541 137580624 215734860 456302187 601847352 375216408 583061274
368125740 642173085 714508236 840327516 021456873 102485367 234650718 457863021
578014632 860742153 780231465 126348705 013526487 201763548 342617850 435182076
586274103 658430271 764051382 273805614 807135426 015862734 120473658 341208567
437026815 562387041 678543120 186750432 057614283 814672305 732841506 206518374
350486712 423751068 574160823 485207631 741036258 605321847 834265170 160834527
078352461 258147603 381724056 527683410 862401735 316075824 630517248 473680152
"""
PERMUTATIONS = tuple(tuple(map(int, word)) for word in NINE.split())


def distant_permutations(tiles: int, count: int, seed: int = 0):
    """Returns permutations far from one another in Hamming distance, found greedily.

    The first is drawn. Each that follows is, of all permutations, one whose least
    distance to those before it is the greatest, and of these the first with the
    greatest sum of distances. (The paper's own search looks at the sum alone, which
    leaves some permutations near to each other.)

    Args:
        tiles: How many numbers are permuted, at most 9: all orders are in memory.
        count: How many permutations to give.
        seed: Integer, by which the first is drawn.

    Returns:
        int array (count, tiles).

    Example:
        >>> distant_permutations(3, 3).tolist()
        [[2, 1, 0], [0, 2, 1], [1, 0, 2]]

    Reference:
        Noroozi and Favaro, 2016, algorithm 1, https://arxiv.org/abs/1603.09246
    """
    every = np.array(list(itertools.permutations(range(tiles))), "int8")
    chosen = [np.random.default_rng(seed).integers(len(every))]
    least = np.full(len(every), tiles + 1)
    total = np.zeros(len(every), "int64")
    for _ in range(count - 1):
        distance = (every != every[chosen[-1]]).sum(axis=1)
        least = np.minimum(least, distance)
        total += distance
        chosen.append(np.argmax(least * tiles * count + total))
    return every[chosen].astype(int)
