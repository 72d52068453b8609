import keras
import numpy as np

from kerassl.layers.frozen import Frozen


def network():
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()]
    )


def test_gives_what_the_network_gives_in_inference():
    given, x = network(), np.random.default_rng(0).normal(size=(5, 3))
    frozen = Frozen(given)
    expected = given(x, training=False)
    np.testing.assert_array_equal(frozen(x, training=True), expected)
    given.layers[0].kernel.assign(np.zeros((3, 2)))
    np.testing.assert_array_equal(frozen(x), expected)
    assert len(given.trainable_variables) == 4


def test_nothing_makes_it_trainable():
    model = keras.Sequential([keras.Input((3,)), Frozen(network())])
    model.trainable = True
    assert not model.trainable_variables and not model.layers[0].trainable
