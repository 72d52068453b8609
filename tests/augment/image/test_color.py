import numpy as np
import tensorflow as tf

from kerassl.augment.image.color import adjust_color, color_matrix, mean_luma

LUMA = np.array([0.299, 0.587, 0.114], "float32")


def pixels(channels=3):
    return np.random.default_rng(0).random((2, channels, 50)).astype("float32")


def adjusted(images, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0):
    factors = (brightness, contrast, saturation, hue)
    return adjust_color(images, *(tf.fill((2,), float(f)) for f in factors)).numpy()


def test_neutral_factors_change_nothing():
    np.testing.assert_allclose(adjusted(pixels()), pixels(), atol=1e-5)


def test_brightness_and_contrast_match_tensorflow():
    x = pixels()
    np.testing.assert_allclose(adjusted(x, brightness=0.6), 0.6 * x, atol=1e-5)
    mean = np.einsum("bcp,c->b", x, LUMA)[:, None, None] / 50
    expected = mean + 1.7 * (x - mean)
    np.testing.assert_allclose(adjusted(x, contrast=1.7), expected, atol=1e-5)


def test_saturation_blends_with_the_grey_image():
    x = pixels()
    gray = np.einsum("bcp,c->bp", x, LUMA)[:, None]
    np.testing.assert_allclose(
        adjusted(x, saturation=0.0), np.broadcast_to(gray, x.shape), atol=1e-5
    )
    np.testing.assert_allclose(
        adjusted(x, saturation=0.4), 0.4 * x + 0.6 * gray, atol=1e-5
    )


def test_hue_keeps_luma_and_comes_round():
    x = pixels()
    turned = adjusted(x, hue=0.3)
    assert np.abs(turned - x).max() > 0.1
    np.testing.assert_allclose(mean_luma(turned), mean_luma(x), atol=1e-4)
    np.testing.assert_allclose(adjusted(turned, hue=0.7), x, atol=1e-3)
    gray = np.broadcast_to(x[:, :1], x.shape)
    np.testing.assert_allclose(adjusted(gray, hue=0.3), gray, atol=1e-3)


def test_hue_turns_red_towards_yellow_as_tensorflow_does():
    one = tf.ones(1)
    red = color_matrix(one, one, 0.1 * one)[0] @ tf.constant([[1.0], [0.0], [0.0]])
    reference = tf.image.adjust_hue(tf.constant([[[1.0, 0.0, 0.0]]]), 0.1)[0, 0]
    assert red[1, 0] > 0.1 and reference[1] > 0.1
    assert red[2, 0] < 0.05 and reference[2] < 0.05


def test_order_does_not_matter():
    x = pixels()
    one_way = adjusted(adjusted(x, brightness=0.7, hue=0.1), contrast=1.5)
    other = adjusted(adjusted(x, contrast=1.5), brightness=0.7, hue=0.1)
    np.testing.assert_allclose(one_way, other, atol=1e-4)


def test_one_channel_keeps_brightness_and_contrast_only():
    x = pixels(channels=1)
    expected = 0.5 * x
    np.testing.assert_allclose(
        adjusted(x, brightness=0.5, saturation=0.0, hue=0.2), expected, atol=1e-6
    )
