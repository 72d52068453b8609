import numpy as np
import pytest

from kerassl.errors import InvalidValue
from kerassl.layers.mel_filters import (
    hertz_to_mel,
    mel_centres,
    mel_filters,
    mel_to_hertz,
)


def test_the_scale_is_the_one_of_htk():
    # 1000 Hz is 1000 mel to a thousandth, and the way back is exact.
    assert abs(hertz_to_mel(1000.0) - 999.9855) < 1e-3
    frequencies = np.linspace(0, 8000, 101)
    np.testing.assert_allclose(mel_to_hertz(hertz_to_mel(frequencies)), frequencies)


def test_each_filter_is_a_triangle_between_its_neighbours():
    filters, centres = mel_filters(20, 512, 16000), mel_centres(20, 16000)
    bins = np.arange(257) * 16000 / 512
    for i in range(1, 19):
        low, centre, high = centres[i - 1 : i + 2]
        expected = np.interp(bins, [low, centre, high], [0, 1, 0], left=0, right=0)
        np.testing.assert_allclose(filters[:, i], expected, atol=1e-6)


def test_between_the_first_and_last_centre_they_share_out_all_power():
    filters, centres = mel_filters(20, 512, 16000), mel_centres(20, 16000)
    bins = np.arange(257) * 16000 / 512
    inside = (bins >= centres[0]) & (bins <= centres[-1])
    np.testing.assert_allclose(filters[inside].sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("rate, fft", [(16000, 512), (8000, 256), (44100, 2048)])
def test_eighty_mels_fit_the_usual_rates(rate, fft):
    assert (mel_filters(80, fft, rate).sum(axis=0) > 0).all()


def test_a_filter_without_a_bin_is_refused():
    with pytest.raises(InvalidValue, match="`num_mels` must leave each filter a bin"):
        mel_filters(200, 256, 16000)
