"""Handwritten digits that come with scikit-learn."""

import numpy as np

from kerassl.allowed import part
from kerassl.checks import check_integer
from kerassl.data.arrays import ArraySource
from kerassl.errors import InvalidValue

DIGIT_SPLITS = ("train", "test", "all")
TEST_DIGITS = 500
# In pixels; all digits then take half a GB.
MAX_SIZE = 512


@part("source")
def digits(split="train", size=8):
    """Returns the handwritten digits that scikit-learn bundles.

    1,797 real grey images of 8x8 pixels in ten classes, read from the
    installed package: no download. The split is fixed and stratified; both
    sides hold digits by the same writers.

    Args:
        split: `"train"` (1,297 images), `"test"` (500) or `"all"`.
        size: Height and width in pixels, at most 512; other than 8, the images
            are resized bilinearly, which adds no detail.

    Returns:
        An `ArraySource` of uint8 images (size, size, 1), ink at 255.

    Raises:
        ValueError: If the split is unknown or the size is out of range.

    Example:
        >>> source = digits()
        >>> len(source), source.fetch([0]).shape
        (1297, TensorShape([1, 8, 8, 1]))

    Reference:
        Alpaydin and Kaynak, 1998, Optical Recognition of Handwritten Digits,
        https://doi.org/10.24432/C50P49
    """
    import sklearn
    from sklearn.datasets import load_digits

    if split not in DIGIT_SPLITS:
        raise InvalidValue(
            f"`split` must be one of {DIGIT_SPLITS}. Received: {split!r}"
        )
    check_integer("size", size, least=1, most=MAX_SIZE)
    data = load_digits()
    images = np.round(data.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    labels = data.target.astype(np.int64)
    if split != "all":
        rows = _stratified_rows(labels, TEST_DIGITS, split)
        images, labels = images[rows], labels[rows]
    if size != 8:
        images = _resized(images, size)
    details = {"set": "digits", "split": split, "scikit-learn": sklearn.__version__}
    return ArraySource(images, labels, tuple("0123456789"), details=details)


def _stratified_rows(labels, test_size, split):
    """Returns the rows of a split; every class gives its share of the test."""
    # RandomState's stream is frozen by NumPy, a Generator's is not.
    random = np.random.RandomState(0)
    order = random.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]  # class after class
    # Evenly spaced picks from the sorted rows take each class's share.
    picks = np.floor((np.arange(test_size) + 0.5) * len(labels) / test_size)
    is_test = np.zeros(len(labels), bool)
    is_test[order[picks.astype(int)]] = True
    return np.flatnonzero(is_test if split == "test" else ~is_test)


def _resized(images, size):
    import tensorflow as tf

    resized = tf.image.resize(images, (size, size), antialias=True)
    return np.round(resized.numpy()).astype(np.uint8)
