"""Which values are taken for images, and what is said of the others."""

import numpy as np
import pytest
import tensorflow as tf

from kerassl.augment.image import (
    View,
    check_images,
    resize,
    view_draws,
)
from kerassl.augment.image.values import check_range, to_unit
from kerassl.errors import UserError

UNIT = np.random.default_rng(0).random((4, 6, 6, 3))
UNIT.flat[:2] = 0, 1
TAKEN = {
    "bool": (UNIT > 0.5, UNIT > 0.5),
    "uint8": ((UNIT * 255).astype("uint8"), (UNIT * 255).astype("uint8") / 255),
    "uint16": ((UNIT * 65535).astype("uint16"), UNIT),
    "int16": ((UNIT * 255).astype("int16"), (UNIT * 255).astype("uint8") / 255),
    "int64": ((UNIT * 255).astype("int64"), (UNIT * 255).astype("uint8") / 255),
    "uint32": ((UNIT * 255).astype("uint32"), (UNIT * 255).astype("uint8") / 255),
    "float16": (UNIT.astype("float16"), UNIT.astype("float16")),
    "float32": (UNIT.astype("float32"), UNIT),
    "float64": (UNIT, UNIT),
    "slightly above": (UNIT + 1e-4, UNIT),
}
REFUSED = {
    "bytes as floats": (UNIT * 255, "from 0 to 255: divide them by 255"),
    "-1 to 1": (UNIT * 2 - 1, r"from -1 to 1: they must become \(x \+ 1\) / 2"),
    "digits": (UNIT * 16, "from 0 to 16: divide them by 16"),
    "16 bits as floats": (UNIT * 65535, "divide them by 65535"),
    "standardised": ((UNIT - 0.5) * 6, r"from -3 to 3: .*\(x - least\)"),
    "slightly more": (UNIT * 1.5, r"from 0 to 1.5"),
    "tomography": ((UNIT * 4000 - 1000).astype("int16"), "from -1000 to 3000"),
    "12 bits as int64": ((UNIT * 4095).astype("int64"), "from 0 to 4095: divide"),
    "digits as int64": ((UNIT * 16).astype("int64"), "from 0 to 16: divide them by 16"),
    "0 and 1 as int32": ((UNIT > 0.5).astype("int32"), "they must become floats"),
    "NaN": (np.where(UNIT > 0.9, np.nan, UNIT), "NaN or infinity"),
    "infinity": (np.where(UNIT > 0.9, np.inf, UNIT), "NaN or infinity"),
    "complex": (UNIT.astype("complex64"), "Received dtype: complex64"),
    "strings": (UNIT.astype("str"), "Received dtype: string"),
    "two channels": (UNIT[..., :2], "1 or 3 channels.*2"),
    "four channels": (np.concatenate([UNIT, UNIT[..., :1]], -1), "1 or 3 channels"),
    "no channel": (UNIT[..., :0], "1 or 3 channels"),
    "no pixel": (UNIT[:, :0], "Received: .4, 0, 6, 3."),
    "no batch": (UNIT[0], "Received: .6, 6, 3."),
}


@pytest.mark.parametrize("values", TAKEN)
def test_values_of_any_dtype_are_scaled_by_their_range(values):
    images, wanted = TAKEN[values]
    check_images(images)
    np.testing.assert_allclose(resize(images, 6), wanted, atol=1e-3)
    still = View(6, None, flip_rate=0, color_rate=0, grayscale_rate=0, blur_rate=0)
    np.testing.assert_allclose(still(images, (0, 1)), wanted, atol=1e-3)


@pytest.mark.parametrize("values", REFUSED)
def test_other_images_are_refused_with_what_to_do(values):
    images, message = REFUSED[values]
    draws = view_draws((0, 1), 4)
    for use in (
        check_images,
        lambda x: View(6)(x, (0, 1)),
        lambda x: View(6).render(x, draws),
        lambda x: resize(x, 6),
    ):
        with pytest.raises(UserError, match=message) as caught:
            use(images)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("values", ["bytes as floats", "NaN", "12 bits as int64"])
@pytest.mark.parametrize("function", [check_images, lambda x: resize(x, 6)])
def test_a_batch_in_a_graph_fails_when_it_comes(values, function):
    good = (UNIT * 0.5).astype(REFUSED[values][0].dtype)
    both = np.stack([good, REFUSED[values][0]])

    def use(images):
        function(images)
        return images

    batches = iter(tf.data.Dataset.from_tensor_slices(both).map(use))
    next(batches)
    with pytest.raises(tf.errors.InvalidArgumentError, match="`images` must hold"):
        next(batches)


def test_a_structure_is_no_image():
    with pytest.raises(UserError, match=r"a dict with \['image'\]"):
        check_images({"image": UNIT})
    with pytest.raises(UserError, match="must be one tensor"):
        check_images([np.zeros((2, 2)), np.zeros((3, 3))])


def test_unusual_sizes_are_taken():
    for shape in ((2, 1, 1, 3), (1, 1, 10_000, 1)):
        assert resize(np.ones(shape, "uint8"), 8).shape == (shape[0], 8, 8, shape[3])
        view = View(8)(np.ones(shape, "uint8"), (0, 1)).numpy()
        assert np.isfinite(view).all()


def test_any_shape_can_be_checked_and_bytes_stay():
    check_range(np.array([0, 255]))
    assert to_unit(np.array([7], "uint8")).dtype == tf.uint8
