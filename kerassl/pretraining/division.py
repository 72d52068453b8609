"""How examples are divided into a part to train on and one to test on."""

import math

import numpy as np

from kerassl.data import Subset

# Labelled examples of the user's own that are kept out of pretraining to test.
TEST_FRACTION = 0.2
# Of examples without labels at least so many, unless that is more than a fifth of
# them, and at most so many.
FEW, MANY = 4, 1000


def a_few(source, seed, share):
    """Returns examples without labels to train on, and a few to test on, or None.

    Args:
        source: The `Source` to divide.
        seed: Integer, draws those to test on.
        share: How many these are, from 0 to 1: 4 or more but not above a fifth, and
            not above 1,000.
    """
    size = len(source)
    count = min(MANY, max(FEW, math.ceil(share * size)), size // 5)
    if source.sequential or not count:
        why = "they are a stream" if source.sequential else f"there are only {size}"
        source.note(f"No {source.unit} are kept out to test on: {why}.")
        return source, None
    told = f"{count:,} of the {size:,} {source.unit} are kept out of training to test."
    return _divided(source, seed, count, told)


def _divided(source, seed, count, told=""):
    """Returns a part to train on, and one of `count` examples to test on."""
    order = np.random.default_rng([seed, 6]).permutation(len(source))
    train, test = np.split(order, [-count])
    return Subset(source, np.sort(train), told), Subset(source, np.sort(test))


def a_fifth(source, seed):
    """Returns a part to train on, and a fifth to test on, or None.

    Args:
        source: The `Source` to divide.
        seed: Integer, draws those to test on.
    """
    if source.labels is not None and source.label_kind == "classes":
        return _of_every_class(source, seed)
    if len(source) < 2:
        source.note("Nothing is kept out to test on: there is one example.")
        return source, None
    return _divided(source, seed, math.ceil(TEST_FRACTION * len(source)))


def _of_every_class(source, seed):
    """Returns a part to train on, and one of every class to test on, or None.

    A class of a single example cannot be in both, and is trained on.
    """
    from sklearn.model_selection import train_test_split

    classes, counts = np.unique(source.labels, return_counts=True)
    several = classes[counts >= 2]
    if len(several) < 2:
        source.note(
            "The labels are not used: a report needs two classes of two examples or "
            f"more, and there are {len(several)}."
        )
        return source, None
    shared = np.flatnonzero(np.isin(source.labels, several))
    # At least one of each class, on either side.
    size = max(int(np.ceil(TEST_FRACTION * len(shared))), len(several))
    size = min(size, len(shared) - len(several))
    _, test = train_test_split(
        shared, test_size=size, random_state=seed, stratify=source.labels[shared]
    )
    train = np.setdiff1d(np.arange(len(source)), test)
    return Subset(source, train), Subset(source, np.sort(test))
