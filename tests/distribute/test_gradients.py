"""Gradients inside of a loss."""

import numpy as np
import tensorflow as tf

from kerassl import distribute


def test_input_gradient_is_differentiated_again():
    kernel = tf.Variable([[1.0], [-2.0]])
    x = tf.constant([[0.5, 1.0], [2.0, -1.0]])

    def cubes(x):
        return (x**3) @ kernel

    with tf.GradientTape() as tape:
        tape.watch(x)
        gradient = distribute.input_gradient(cubes, x)
        penalty = tf.reduce_sum(gradient)
    np.testing.assert_allclose(gradient, 3 * x**2 * [1.0, -2.0])
    by_kernel, by_x = tape.gradient(penalty, [kernel, x])
    np.testing.assert_allclose(by_kernel, np.sum(3 * x**2, axis=0)[:, None])
    np.testing.assert_allclose(by_x, 6 * x * [1.0, -2.0])
