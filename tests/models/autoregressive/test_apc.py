import keras
import numpy as np
import pytest

from kerassl.data import ArraySource, tones
from kerassl.encoders import dense, recurrent
from kerassl.models import APC
from kerassl.pretext import FutureFrames


def task(num_mels=20, **options):
    pretext = FutureFrames(sample_rate=8000, num_mels=num_mels, **options)
    return APC(recurrent(num_mels, hidden_dim=16, num_layers=2), pretext)


def sounds(examples=32):
    return tones(num_examples=examples, sample_rate=8000, seconds=0.4)


def batch(made, size=8):
    return next(iter(made.dataset(sounds(), size)))


def test_with_a_head_of_zeros_the_loss_is_the_mean_absolute_target():
    made = task()
    for variable in made.head.weights:
        variable.assign(keras.ops.zeros_like(variable))
    made.compile("sgd")
    x, y, weight = batch(made)
    y, weight = y.numpy(), weight.numpy()
    expected = (abs(y).mean(axis=-1) * weight).sum() / weight.sum()
    logs = made.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["loss"], expected, rtol=1e-5)
    # Of white noise it would be the mean absolute value of a normal variable.
    assert 0.6 < expected < 0.9


def test_repeating_the_last_frame_is_measured():
    made = task(time_shift=2)
    made.compile("sgd")
    x, y, weight = batch(made)
    y, weight, heard = y.numpy(), weight.numpy(), x["log_mels"].numpy()
    expected = (abs(y - heard).mean(axis=-1) * weight).sum() / weight.sum()
    logs = made.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["repeat_l1"], expected, rtol=1e-5)


def test_no_forecast_knows_what_comes():
    made = task()
    x, *_ = batch(made)
    x = {name: value.numpy() for name, value in x.items()}
    changed = {**x, "log_mels": x["log_mels"].copy()}
    changed["log_mels"][:, 15:] = 9.0
    a, b = (made.predict(v, verbose=0) for v in (x, changed))
    np.testing.assert_array_equal(a[:, :15], b[:, :15])
    assert abs(a[:, 15:] - b[:, 15:]).max() > 0.01


def test_padding_has_no_share_in_loss_and_gradient():
    made = task()
    made.compile("sgd")
    x, y, weight = batch(made)
    y, weight = y.numpy(), weight.numpy()
    assert (weight == 0).any()
    other = np.where(weight[:, :, None] > 0, y, 100.0)
    values = [
        made.evaluate(x, target, sample_weight=weight, verbose=0)
        for target in (y, other)
    ]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-6)


def test_it_learns_more_than_to_repeat():
    # Sweeps move on: who knows their course is nearer than who repeats.
    time = np.arange(4000) / 8000
    random = np.random.default_rng(0)
    slope = random.uniform(1.0, 3.0, (128, 1)) * random.choice([-1, 1], (128, 1))
    frequency = 800 * 2.0 ** (slope * (time - 0.25))
    phase = 2 * np.pi * np.cumsum(frequency, axis=1) / 8000
    noise = 0.02 * random.standard_normal(phase.shape)
    waveform = (16000 * (np.sin(phase) + noise)).clip(-32768, 32767).astype("int16")
    train, test = ArraySource(waveform[:96]), ArraySource(waveform[96:])
    made = task(time_shift=4)
    made.compile(keras.optimizers.Adam(0.01))
    made.fit(made.dataset(train, 32), steps_per_epoch=90, verbose=0)
    logs = made.evaluate(made.dataset(test, 32), verbose=0, return_dict=True)
    assert logs["loss"] < 0.85 * logs["repeat_l1"], logs


def test_it_draws_what_came_beside_the_forecast():
    figure = task().draw(sounds().fetch([0, 1]))
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert "frames to come" in titles and "predicted" in titles


def test_other_encoders_are_refused():
    with pytest.raises(ValueError, match="takes a dict with the keys"):
        APC(dense((8, 8)))
    inputs = recurrent(20, 8, 1).input
    both = keras.layers.Bidirectional(keras.layers.GRU(8, return_sequences=True))
    with pytest.raises(ValueError, match="must be causal"):
        APC(keras.Model(inputs, both(inputs["log_mels"])))
    last = keras.layers.GRU(8)(inputs["log_mels"])
    with pytest.raises(ValueError, match="features of each frame"):
        APC(keras.Model(inputs, last))
    with pytest.raises(ValueError, match="takes frames of 80 mels"):
        APC(recurrent(80, 8, 1), FutureFrames(num_mels=40))


def test_sounds_too_short_for_a_later_frame_leave_nothing_to_learn():
    made = task()
    source = ArraySource(
        {
            "waveform": np.ones((8, 4000), "int16"),
            "length": np.full(8, 200, "int32"),  # one frame
        }
    )
    with pytest.raises(ValueError, match="something to learn"):
        made.dataset(source, 4)
