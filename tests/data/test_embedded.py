import numpy as np
import pytest

from kerassl.data import digits


def test_split_is_fixed_stratified_and_whole():
    train, test, whole = (digits(split) for split in ("train", "test", "all"))
    assert (len(train), len(test), len(whole)) == (1297, 500, 1797)
    counts = np.bincount(test.labels)
    assert counts.sum() == 500 and counts.min() >= 48 and counts.max() <= 51
    rows = [
        {image.tobytes() for image in source.fetch(np.arange(len(source))).numpy()}
        for source in (train, test, whole)
    ]
    assert rows[0] | rows[1] == rows[2]
    assert not rows[0] & rows[1]
    np.testing.assert_array_equal(
        digits("test").fetch(np.arange(500)), test.fetch(np.arange(500))
    )


def test_images_use_the_whole_range():
    source = digits("all")
    images = source.fetch(np.arange(len(source))).numpy()
    assert images.shape == (1797, 8, 8, 1)
    assert (images.min(), images.max()) == (0, 255)
    assert source.class_names == tuple("0123456789")
    assert source.describe()["set"] == "digits"


def test_resized_keeps_the_brightness():
    small = digits().fetch(np.arange(50)).numpy()
    large = digits(size=28).fetch(np.arange(50)).numpy()
    assert large.shape == (50, 28, 28, 1)
    assert large.dtype == np.uint8
    assert abs(large.mean() / small.mean() - 1) < 0.05


@pytest.mark.parametrize("options", [{"split": "valid"}, {"size": 0}])
def test_options_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        digits(**options)
