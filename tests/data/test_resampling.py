import numpy as np
import pytest

from kerassl.data.resampling import rate_ratio, resample


def tone(frequency, rate, seconds=1.0):
    time = np.arange(round(rate * seconds)) / rate
    return np.sin(2 * np.pi * frequency * time).astype("float32")


def level(samples):
    """Returns decibels below a full tone, of the middle."""
    middle = samples[len(samples) // 10 : -len(samples) // 10].astype("float64")
    return 20 * np.log10(np.sqrt(2 * np.mean(middle**2)) + 1e-9)


@pytest.mark.parametrize(
    "rate, wanted", [(44100, 16000), (48000, 16000), (16000, 8000), (8000, 16000)]
)
def test_what_both_rates_hold_passes_and_the_rest_does_not(rate, wanted):
    up, down = rate_ratio(rate, wanted)
    limit = min(rate, wanted) / 2
    for share in (0.1, 0.5, 0.9):
        made = resample(tone(share * limit, rate), up, down)
        assert len(made) == wanted and made.dtype == np.float32
        assert abs(level(made)) < 0.1
        expected = tone(share * limit, wanted)
        np.testing.assert_allclose(made[2000:-2000], expected[2000:-2000], atol=2e-3)
    if rate > wanted:
        assert level(resample(tone(1.02 * limit, rate), up, down)) < -85


def test_equal_rates_change_nothing():
    samples = tone(440, 8000)
    assert resample(samples, *rate_ratio(8000, 8000)) is samples


@pytest.mark.parametrize("rate", [44056, 8001, 383_999, 1_001])
def test_odd_rates_are_near_and_bounded(rate):
    up, down = rate_ratio(rate, 16000)
    assert down <= 1000 and abs(up / down * rate / 16000 - 1) < 1e-3
