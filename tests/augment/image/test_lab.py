import numpy as np
import tensorflow as tf

from kerassl.augment.image import rgb_to_lab, scaled_lab, unscaled_lab
from kerassl.augment.image.lab import LEAST, MOST, lab_to_rgb

# Computed once by scikit-image's `rgb2lab`, to four digits.
KNOWN = {
    (1, 1, 1): (100.0, -0.0025, 0.0047),
    (0, 0, 0): (0.0, 0.0, 0.0),
    (1, 0, 0): (53.2406, 80.0923, 67.2028),
    (0, 1, 0): (87.7351, -86.1830, 83.1796),
    (0, 0, 1): (32.2957, 79.1856, -107.8573),
}


def every_colour(steps=12):
    axis = np.linspace(0, 1, steps, dtype="float32")
    return np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3)


def numpy_lab(rgb):
    """Returns L*a*b* by the textbook's formula, colour by colour."""
    rows = []
    for colour in rgb.astype("float64"):
        linear = [
            ((c + 0.055) / 1.055) ** 2.4 if c > 0.04045 else c / 12.92 for c in colour
        ]
        r, g, b = linear
        xyz = (
            (0.412453 * r + 0.357580 * g + 0.180423 * b) / 0.95047,
            0.212671 * r + 0.715160 * g + 0.072169 * b,
            (0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.08883,
        )
        x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
        rows.append((116 * y - 16, 500 * (x - y), 200 * (y - z)))
    return np.array(rows)


def test_lab_is_that_of_the_formula_and_of_known_colours():
    colours = every_colour()
    np.testing.assert_allclose(rgb_to_lab(colours), numpy_lab(colours), atol=1e-2)
    for colour, lab in KNOWN.items():
        found = rgb_to_lab(np.float32([colour]))[0]
        np.testing.assert_allclose(found, lab, atol=2e-2)


def test_the_range_is_that_of_all_colours():
    found = rgb_to_lab(every_colour(24)).numpy()
    np.testing.assert_allclose(found.min(0), LEAST, atol=0.1)
    np.testing.assert_allclose(found.max(0), MOST, atol=0.1)
    scaled = scaled_lab(every_colour()).numpy()
    assert scaled.min() >= -1 and scaled.max() <= 1


def test_grey_has_no_colour_and_keeps_its_lightness():
    shades = np.linspace(0, 1, 9, dtype="float32")[:, None].repeat(3, 1)
    found = rgb_to_lab(shades).numpy()
    np.testing.assert_allclose(found[:, 1:], 0, atol=1e-2)
    assert (np.diff(found[:, 0]) > 0).all()


def test_there_and_back():
    colours = every_colour()
    np.testing.assert_allclose(unscaled_lab(scaled_lab(colours)), colours, atol=2e-3)
    impossible = lab_to_rgb(np.float32([[50, 98, -107], [0, -86, 94]]))
    assert impossible.numpy().min() >= 0 and impossible.numpy().max() <= 1


def test_gradients_are_finite_from_black_to_white():
    colours = tf.Variable(every_colour(5))
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(rgb_to_lab(colours))
    assert np.isfinite(tape.gradient(value, colours)).all()
