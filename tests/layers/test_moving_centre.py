import keras
import numpy as np
import pytest
import tensorflow as tf

from kerassl.layers.moving_centre import MovingCentre


def rows(count, dim=3, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dim)).astype("float32")


def test_is_the_moving_average_of_means():
    layer, expected = MovingCentre(3, momentum=0.8), np.zeros(3)
    for seed in range(4):
        layer.follow(rows(5, seed=seed))
        expected = 0.8 * expected + 0.2 * rows(5, seed=seed).mean(axis=0)
    np.testing.assert_allclose(layer.centre, expected, rtol=1e-5)
    assert layer.trainable_variables == []


def test_uneven_replicas_hold_the_centre_of_all_rows(two_replicas):
    whole = rows(7)
    with two_replicas.scope():
        layer = MovingCentre(3)
    parts = two_replicas.experimental_distribute_values_from_function(
        lambda context: [whole[:4], whole[4:]][context.replica_id_in_sync_group]
    )
    two_replicas.run(layer.follow, args=(parts,))
    expected = 0.1 * whole.mean(axis=0)
    for copy in two_replicas.experimental_local_results(layer.centre.value):
        np.testing.assert_allclose(copy, expected, rtol=1e-5)


def test_half_precision_is_summed_in_float32():
    layer = MovingCentre(1, momentum=0.0, dtype="mixed_bfloat16")
    layer.follow(tf.cast(tf.fill((1000, 1), 1.5), "bfloat16"))
    np.testing.assert_array_equal(layer.centre, [1.5])


def test_round_trip():
    layer = MovingCentre(3, momentum=0.5, name="centre")
    again = MovingCentre.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert [v.path for v in keras.Sequential([again]).variables] == ["centre/centre"]


@pytest.mark.parametrize("arguments, name", [((0,), "dim"), ((3, 1.5), "momentum")])
def test_errors(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must"):
        MovingCentre(*arguments)
