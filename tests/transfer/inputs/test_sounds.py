"""Mean and spread of log-mels, beside those of each sound by itself."""

import numpy as np
import pytest

from kerassl.data import ArraySource, tones
from kerassl.layers import LogMel
from kerassl.transfer.inputs import inputs_of
from kerassl.transfer.inputs.sounds import log_mel_statistics


def source_of(waveforms, lengths=None, rate=8000):
    x = {"waveform": np.asarray(waveforms)}
    source = ArraySource(x if lengths is None else {**x, "length": np.array(lengths)})
    if rate:
        source.quantities["sample_rate"] = rate
    return source


def noise(count, samples, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, samples)) * 3000).astype("int16")


def test_padding_does_not_count():
    x, lengths = noise(5, 4000), [4000, 800, 201, 3999, 240]
    padded = np.where(np.arange(4000) < np.array(lengths)[:, None], x, 0)
    train = source_of(padded.astype("int16"), lengths)
    (found,) = inputs_of(train, train)
    assert found.name == "log-mel mean and std" and found.train.shape == (5, 80)
    layer = LogMel(8000, 40, normalize=None)
    for row, sound, length in zip(found.train, x, lengths, strict=True):
        mels = np.asarray(layer(sound[None, :length])["log_mels"])[0]
        wanted = np.concatenate([mels.mean(0), mels.std(0)])
        np.testing.assert_allclose(row, wanted, rtol=1e-4, atol=1e-4)


def test_bare_waveforms_are_sounds_where_the_rate_is_told():
    x = noise(3, 900)
    source = ArraySource(x)
    source.quantities["sample_rate"] = 8000
    found, as_dict = inputs_of(source, source)[0], inputs_of(*[source_of(x)] * 2)[0]
    np.testing.assert_array_equal(found.train, as_dict.train)


def test_a_sound_shorter_than_a_frame_has_finite_figures():
    train = source_of(noise(2, 900), [900, 3])
    found = log_mel_statistics(train, train)[0]
    assert np.isfinite(found.train).all() and found.train[1].any()


def test_without_a_rate_the_name_says_what_was_taken():
    train = source_of(noise(1, 900), rate=None)
    found = log_mel_statistics(train, train)[0]
    assert found.name == "log-mel mean and std, taken for 16,000 Hz"


def test_a_low_rate_has_fewer_mels():
    train = source_of(noise(2, 900), rate=1000)
    found = log_mel_statistics(train, train)[0]
    assert found.train.shape == (2, 40) and np.isfinite(found.train).all()


def test_what_is_wrong_is_told():
    train = source_of(noise(2, 900))
    with pytest.raises(ValueError, match="`test` must have the sample rate of `train`"):
        log_mel_statistics(train, tones(num_examples=2))
    short = source_of(noise(2, 99))
    with pytest.raises(ValueError, match="200 samples of a frame"):
        log_mel_statistics(short, short)
