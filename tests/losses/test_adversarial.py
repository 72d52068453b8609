import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.losses import NonSaturating, Wasserstein, gradient_penalty

RANDOM = np.random.default_rng(0)
REAL, FAKE = RANDOM.normal(size=(2, 5)).astype("float32") * 3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_non_saturating_is_the_cross_entropy_of_the_paper():
    loss = NonSaturating()
    wanted = -np.log(sigmoid(REAL)) - np.log(1 - sigmoid(FAKE))
    np.testing.assert_allclose(loss.discriminator(REAL, FAKE), wanted, rtol=1e-5)
    np.testing.assert_allclose(loss.generator(FAKE), -np.log(sigmoid(FAKE)), rtol=1e-5)


def test_a_sure_discriminator_gives_finite_losses_and_a_gradient():
    sure = tf.Variable([-200.0])
    loss = NonSaturating()
    assert float(loss.discriminator(-sure, sure)[0]) == 0.0
    with tf.GradientTape() as tape:
        value = loss.generator(sure)
    assert float(value[0]) == 200.0
    np.testing.assert_allclose(tape.gradient(value, sure), [-1.0])


def test_wasserstein_is_the_difference_of_scores():
    loss = Wasserstein()
    np.testing.assert_allclose(loss.discriminator(REAL, FAKE), FAKE - REAL)
    np.testing.assert_allclose(loss.generator(FAKE), -FAKE)
    assert loss.penalty_weight == 10.0


def test_penalty_is_that_of_the_written_formula():
    gradient = RANDOM.normal(size=(4, 3, 2, 1)).astype("float32")
    norms = np.linalg.norm(gradient.reshape(4, -1), axis=1)
    np.testing.assert_allclose(gradient_penalty(gradient), (norms - 1) ** 2, rtol=1e-5)


def test_penalty_of_a_flat_critic_has_a_finite_gradient():
    flat = tf.Variable(tf.zeros((2, 3)))
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(flat)
    np.testing.assert_allclose(penalty, [1.0, 1.0], rtol=1e-5)
    assert np.isfinite(tape.gradient(penalty, flat)).all()


@pytest.mark.parametrize("cls", [NonSaturating, Wasserstein])
def test_losses_are_made_again_from_their_configuration(cls):
    config = keras.saving.serialize_keras_object(cls(penalty_weight=3))
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is cls and again.penalty_weight == 3.0
    with pytest.raises(ValueError, match="`penalty_weight` must be 0 or more"):
        cls(penalty_weight=-1)
