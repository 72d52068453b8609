import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import scipy.signal
from keras import ops

from kerassl.errors import InvalidValue
from kerassl.layers import LogMel
from kerassl.layers.mel_filters import mel_filters


def noise(rows=3, samples=4000, seed=0):
    random = np.random.default_rng(seed)
    return (0.1 * random.standard_normal((rows, samples))).astype("float32")


def by_scipy(waveform, rate, num_mels, window, hop, fft):
    """Returns log-mels by scipy's short-time Fourier transform, in float64."""
    hann = scipy.signal.get_window("hann", window)
    frames = 1 + (waveform.shape[1] - window) // hop
    found = []
    for row in waveform.astype("float64"):
        parts = [
            np.fft.rfft(row[i * hop :][:window] * hann, fft) for i in range(frames)
        ]
        found.append(np.abs(parts) ** 2)
    return np.log(np.array(found) @ mel_filters(num_mels, fft, rate) + 1e-6)


@pytest.mark.parametrize("rate, window, fft", [(16000, 400, 512), (8000, 200, 256)])
def test_values_are_those_of_scipy(rate, window, fft):
    waveform = noise()
    made = LogMel(rate, num_mels=40, normalize=None)(waveform)["log_mels"]
    expected = by_scipy(waveform, rate, 40, window, rate // 100, fft)
    np.testing.assert_allclose(made, expected, atol=2e-4)


def test_a_tone_is_loudest_in_the_mel_at_its_pitch():
    layer = LogMel(normalize=None)
    for i in (20, 40, 70):
        turn = 2 * np.pi * layer.frequencies[i] / 16000
        tone = np.sin(turn * np.arange(8000))[None].astype("float32")
        loudest = np.argmax(ops.convert_to_numpy(layer(tone)["log_mels"])[0], axis=-1)
        assert (abs(loudest - i) <= 1).all()


def test_digital_silence_is_the_floor_and_normalised_zero():
    silence = np.zeros((1, 4000), "float32")
    np.testing.assert_allclose(
        LogMel(normalize=None)(silence)["log_mels"], np.log(1e-6), rtol=1e-6
    )
    np.testing.assert_allclose(
        LogMel(normalize="mel")(silence)["log_mels"], 0.0, atol=1e-3
    )


def test_int16_is_divided_by_full_scale():
    samples = (noise() * 32768).round()
    a = LogMel()(samples.astype("int16"))["log_mels"]
    b = LogMel()((samples / 32768).astype("float32"))["log_mels"]
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_normalised_mels_have_mean_0_and_variance_1_over_real_frames_alone():
    waveform, length = noise(), np.array([4000, 1500, 400])
    waveform[1, 1500:] = 0.9  # whatever lies in the padding
    made = LogMel(normalize="mel")({"waveform": waveform, "length": length})
    mels, mask = (ops.convert_to_numpy(made[k]) for k in ("log_mels", "padding_mask"))
    assert mask.sum(axis=1).tolist() == [23, 7, 1]
    for row, real in zip(mels[:2], mask[:2] > 0, strict=True):
        np.testing.assert_allclose(row[real].mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(row[real].std(axis=0), 1, atol=1e-3)
        np.testing.assert_array_equal(row[~real], 0)
    alone = LogMel(normalize="mel")(waveform[1:2, :1500])["log_mels"]
    np.testing.assert_allclose(mels[1:2, :7], alone, atol=1e-5)


def test_normalised_together_mels_keep_what_lasts():
    waveform, length = noise(), np.array([4000, 1500, 2000])
    made = LogMel(normalize="example")({"waveform": waveform, "length": length})
    nats = LogMel(normalize=None)({"waveform": waveform, "length": length})
    mask = ops.convert_to_numpy(made["padding_mask"]) > 0
    for row, exact, real in zip(made["log_mels"], nats["log_mels"], mask, strict=True):
        row, exact = ops.convert_to_numpy(row)[real], ops.convert_to_numpy(exact)[real]
        expected = (exact - exact.mean()) / exact.std()
        np.testing.assert_allclose(row, expected, atol=1e-3)


def test_a_frame_sees_no_sample_beyond_its_window():
    layer, waveform = LogMel(normalize=None), noise(1)
    changed = waveform.copy()
    changed[:, 10 * 160 + 400 :] = 0.5
    a, b = (layer(w)["log_mels"] for w in (waveform, changed))
    np.testing.assert_array_equal(a[:, :11], b[:, :11])
    assert abs(ops.convert_to_numpy(a[:, 11] - b[:, 11])).max() > 0.1


def test_lengths_of_samples_too_few_for_a_frame_leave_no_real_frame():
    made = LogMel()({"waveform": noise(2), "length": np.array([399, 0])})
    assert ops.convert_to_numpy(made["padding_mask"]).sum() == 0
    np.testing.assert_array_equal(made["log_mels"], 0.0)


def test_it_makes_an_encoder_of_waveforms_that_saves(tmp_path):
    sound = {
        "waveform": keras.Input((None,), name="waveform"),
        "length": keras.Input((), dtype="int32", name="length"),
    }
    made = LogMel(num_mels=20)(sound)
    pooled = keras.layers.Dense(3)(made["log_mels"])
    model = keras.Model(sound, [pooled, made["padding_mask"]])
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    for samples in (4000, 5000):
        x = {"waveform": noise(2, samples), "length": np.array([samples, 900])}
        for a, b in zip(model(x), again(x), strict=True):
            np.testing.assert_array_equal(a, b)
        assert model(x)[0].shape[1] == 1 + (samples - 400) // 160


def test_a_policy_of_half_precision_changes_nothing():
    waveform = noise(1)
    exact = LogMel()(waveform)["log_mels"]
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        made = LogMel()(waveform)["log_mels"]
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_array_equal(made, exact)


@pytest.mark.parametrize(
    "options, error",
    [
        ({"sample_rate": 0}, InvalidValue),
        ({"sample_rate": 16000.0}, InvalidValue),
        ({"num_mels": 0}, InvalidValue),
        ({"num_mels": 300}, InvalidValue),
        ({"window": float("nan")}, InvalidValue),
        ({"window": 100.0}, InvalidValue),
        ({"hop": 0.0}, InvalidValue),
        ({"hop": 0.03}, InvalidValue),
        ({"normalize": True}, InvalidValue),
        ({"normalize": ["mel"]}, InvalidValue),
    ],
)
def test_arguments_are_checked(options, error):
    with pytest.raises(error, match=next(iter(options))):
        LogMel(**options)


@pytest.mark.parametrize("shape", [(2, 399), (2, 4000, 1), (4000,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InvalidValue, match="`inputs` must"):
        LogMel()(np.zeros(shape, "float32"))


ON_JAX = """
import sys, numpy as np
from kerassl.layers import LogMel
sound = {"waveform": np.load(sys.argv[1]), "length": np.array([4000, 1500, 399])}
made = LogMel(num_mels=40, normalize="example")(sound)
np.savez(sys.argv[2], **{name: np.asarray(value) for name, value in made.items()})
"""


def test_jax_equals_tensorflow(tmp_path):
    np.save(tmp_path / "in.npy", noise())
    subprocess.run(
        [sys.executable, "-c", ON_JAX, tmp_path / "in.npy", tmp_path / "out.npz"],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        check=True,
    )
    sound = {"waveform": noise(), "length": np.array([4000, 1500, 399])}
    here = LogMel(num_mels=40, normalize="example")(sound)
    with np.load(tmp_path / "out.npz") as there:
        np.testing.assert_allclose(there["log_mels"], here["log_mels"], atol=1e-4)
        np.testing.assert_array_equal(there["padding_mask"], here["padding_mask"])
