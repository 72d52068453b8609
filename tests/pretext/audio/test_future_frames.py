import numpy as np
import pytest
import tensorflow as tf

from kerassl.pretext import FutureFrames

SEED = tf.constant([0, 1], tf.int64)


def sounds():
    random = np.random.default_rng(0)
    waveform = (3000 * random.standard_normal((4, 4000))).astype("int16")
    return {"waveform": waveform, "length": np.array([4000, 2000, 600, 0], "int32")}


@pytest.mark.parametrize("shift", [1, 3, 7])
def test_targets_are_the_frames_that_many_later(shift):
    layer = FutureFrames(shift, num_mels=20)
    x, y, weight = layer(sounds(), SEED)
    clean = layer.prepare(sounds())
    assert x["log_mels"].shape == y.shape == (4, 23 - shift, 20)
    np.testing.assert_array_equal(x["log_mels"], clean["log_mels"][:, :-shift])
    np.testing.assert_array_equal(y, clean["log_mels"][:, shift:])
    # 23 frames lie in 4,000 samples, 11 in 2,000, 2 in 600 and none in 0.
    real = np.maximum(np.array([23, 11, 2, 0]) - shift, 0)
    np.testing.assert_array_equal(tf.reduce_sum(weight, axis=1), real)


def test_alone_and_in_a_dataset_it_is_the_same():
    layer = FutureFrames(num_mels=20)
    data = tf.data.Dataset.from_tensor_slices(sounds()).batch(4, drop_remainder=True)
    data = data.map(lambda inputs: layer(inputs, SEED))
    x, y, weight = data.element_spec
    assert y.shape == (4, 20, 20) and weight.shape == (4, 20)
    assert not any(s.dtype == tf.bool for s in tf.nest.flatten(data.element_spec))
    (made,) = data
    for a, b in zip(
        tf.nest.flatten(made), tf.nest.flatten(layer(sounds(), SEED)), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_nothing_is_random():
    layer = FutureFrames(num_mels=20)
    one, other = (layer(sounds(), tf.constant([0, i], tf.int64)) for i in (1, 2))
    np.testing.assert_array_equal(one[1], other[1])


def test_waveforms_without_lengths_are_whole():
    made = FutureFrames(num_mels=20)(sounds()["waveform"], SEED)
    assert tf.reduce_sum(made[2]) == 4 * 20


def test_it_is_made_again_from_its_configuration():
    layer = FutureFrames(2, 8000, 40, 0.032, 0.016, None)
    again = FutureFrames.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    waveform = sounds()["waveform"]
    np.testing.assert_array_equal(layer(waveform, SEED)[1], again(waveform, SEED)[1])


def test_it_draws():
    assert len(FutureFrames(num_mels=20).draw(sounds(), SEED).axes) == 9


def test_waveforms_that_are_too_short_are_refused():
    layer = FutureFrames(3)
    layer(np.zeros((1, 400 + 3 * 160), "int16"), SEED)
    with pytest.raises(ValueError, match="880 samples or more. Received: 879"):
        layer(np.zeros((1, 879), "int16"), SEED)
    with pytest.raises(ValueError, match="one channel"):
        layer.prepare(np.zeros((1, 4000, 2), "int16"))


@pytest.mark.parametrize(
    "options",
    [{"time_shift": 0}, {"time_shift": 1.0}, {"sample_rate": 5}, {"normalize": "no"}],
    ids=str,
)
def test_arguments_are_checked(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        FutureFrames(**options)
