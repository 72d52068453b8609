import keras
import numpy as np
import pytest

from kerassl.encoders.gated_pixel_cnn import gated_pixel_cnn

SIDE = 5


@pytest.fixture(scope="module")
def changes():
    """Returns which features change with which pixel, (pixels, places)."""
    keras.utils.set_random_seed(0)
    encoder = gated_pixel_cnn((SIDE, SIDE, 1), 6, 3, first_kernel_size=5)
    pixels = np.random.default_rng(0).normal(size=(1, SIDE * SIDE)).astype("float32")
    same = np.repeat(pixels, SIDE * SIDE, axis=0)
    changed = same + 2 * np.eye(SIDE * SIDE, dtype="float32")
    before, after = (
        encoder(x.reshape(-1, SIDE, SIDE, 1)).numpy().reshape(*x.shape, 6)
        for x in (same, changed)
    )
    return (before != after).any(-1)  # to the bit


def test_no_place_knows_itself_or_what_is_after_it(changes):
    assert not np.triu(changes.T).any()


def test_each_place_knows_all_that_is_before_it(changes):
    """There is no blind spot: in reach lies all of so small an image."""
    assert changes.T[np.tril_indices(SIDE * SIDE, -1)].all()


def test_reach_of_one_layer():
    keras.utils.set_random_seed(0)
    encoder = gated_pixel_cnn((7, 7, 1), 4, 1, first_kernel_size=5)
    pixels = np.random.default_rng(0).normal(size=(1, 49)).astype("float32")
    same = np.repeat(pixels, 49, axis=0)
    moved = same + np.eye(49, dtype="float32")
    before, after = (encoder(x.reshape(-1, 7, 7, 1)).numpy() for x in (same, moved))
    seen = (before != after)[:, 4, 3].any(-1).reshape(7, 7)
    expected = np.zeros((7, 7), bool)
    expected[1:4, 1:6] = True  # rows above, each as wide as the kernel
    expected[4, 1:3] = True
    # The row above knows two rows above itself: three in all.
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"input_shape": (8, 8)}, "`input_shape`"),
        ({"width": 0}, "`width` must"),
        ({"num_layers": 0}, "`num_layers` must"),
        ({"first_kernel_size": 4}, "`first_kernel_size` must be odd"),
        ({"kernel_size": 1}, "`kernel_size` must be odd, from 3"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        gated_pixel_cnn(**{"input_shape": (8, 8, 1), **arguments})
