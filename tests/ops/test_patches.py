import numpy as np
import pytest

from kerassl.ops import images_of, patches_of, take_rows

IMAGES = np.random.default_rng(0).random((2, 8, 12, 3), "float32")


def test_patches_are_cut_row_by_row():
    found = np.array(patches_of(IMAGES, 4))
    assert found.shape == (2, 6, 48)
    for i in range(6):
        row, column = divmod(i, 3)
        patch = IMAGES[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
        np.testing.assert_array_equal(found[:, i], patch.reshape(2, 48))


def test_patches_become_their_images_again():
    patches = patches_of(IMAGES, 4)
    np.testing.assert_array_equal(images_of(patches, (2, 3), 4), IMAGES)


def test_rows_are_taken_of_each_example():
    values = np.random.default_rng(1).random((3, 5, 4), "float32")
    indices = np.array([[4, 0], [1, 1], [2, 3]])
    expected = np.take_along_axis(values, indices[:, :, None], axis=1)
    np.testing.assert_array_equal(take_rows(values, indices), expected)


def test_images_that_patches_do_not_fill_are_refused():
    with pytest.raises(ValueError, match="`images` must .* of 5. Received: 8 x 12"):
        patches_of(IMAGES, 5)
