"""Mel filters: triangles that sum a spectrum as the ear resolves it."""

import numpy as np

from kerassl.checks import check_integer, check_number
from kerassl.errors import InvalidValue

# HTK's formula of the mel scale: 2595 log10(1 + f / 700).
MEL_FACTOR, MEL_CORNER = 2595.0, 700.0
# More than any front end has, and less than what fills the memory at once.
MAX_MELS, MAX_FFT = 1024, 1 << 16
# Samples a second that microphones, sonars and files have.
MIN_RATE, MAX_RATE = 1_000, 384_000


def hertz_to_mel(frequency):
    """Returns the pitch in mel of a frequency in Hz, by HTK's formula.

    Args:
        frequency: Number or NumPy array, 0 or above.

    Example:
        >>> round(float(hertz_to_mel(1000.0)))
        1000
    """
    return MEL_FACTOR * np.log10(1.0 + np.asarray(frequency, "float64") / MEL_CORNER)


def mel_to_hertz(mel):
    """Returns the frequency in Hz of a pitch in mel, the reverse of `hertz_to_mel`.

    Args:
        mel: Number or NumPy array.
    """
    return MEL_CORNER * (10.0 ** (np.asarray(mel, "float64") / MEL_FACTOR) - 1.0)


def mel_centres(num_mels: int, sample_rate: int):
    """Returns the frequencies at which the filters are highest.

    They lie evenly in mel between 0 Hz and half the sample rate, both left out.

    Args:
        num_mels: How many filters.
        sample_rate: Samples a second, in Hz.

    Returns:
        Float64 array (num_mels,), in Hz, rising.

    Example:
        >>> mel_centres(3, 16000).round().tolist()
        [614.0, 1768.0, 3934.0]
    """
    return _edges(num_mels, sample_rate)[1:-1]


def mel_filters(num_mels: int, fft_length: int, sample_rate: int):
    """Returns the weights that sum the bins of a power spectrum to mels.

    Each filter is a triangle over frequency in Hz: 1 at its own centre, 0 at the
    centres of its neighbours. Areas are not made equal, as HTK and Kaldi leave them.

    Args:
        num_mels: How many filters.
        fft_length: Samples that the spectrum was taken of.
        sample_rate: Samples a second, in Hz.

    Returns:
        Float32 array (fft_length // 2 + 1, num_mels).

    Raises:
        ValueError: If an argument is out of range, or a filter is so narrow that
            no bin falls into it.

    Example:
        >>> mel_filters(80, 512, 16000).shape
        (257, 80)
    """
    check_integer("num_mels", num_mels, least=1, most=MAX_MELS)
    check_integer("fft_length", fft_length, least=2, most=MAX_FFT)
    check_integer("sample_rate", sample_rate, least=MIN_RATE, most=MAX_RATE)
    edges = _edges(num_mels, sample_rate)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    bins = np.arange(fft_length // 2 + 1)[:, None] * (sample_rate / fft_length)
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling))  # (bins, mels)
    if not filters.any(axis=0).all():
        raise InvalidValue(
            f"`num_mels` must leave each filter a bin of the {fft_length}-sample "
            f"spectrum at {sample_rate} Hz: take fewer, or a longer window. Received: "
            f"{num_mels}"
        )
    return filters.astype("float32")


def samples_in(name: str, seconds, sample_rate: int):
    """Returns how many samples a time takes, rounded.

    Args:
        name: The user's argument.
        seconds: The time in seconds.
        sample_rate: Samples a second, in Hz.

    Raises:
        TypeError: If it is no number.
        ValueError: If it holds no sample, or too many.
    """
    check_number(name, seconds, above=0)
    samples = round(seconds * sample_rate)
    if not 1 <= samples <= MAX_FFT:
        raise InvalidValue(
            f"`{name}` must be the seconds of 1 to {MAX_FFT} samples at {sample_rate} "
            f"Hz. Received: {seconds!r}"
        )
    return samples


def _edges(num_mels, sample_rate):
    top = hertz_to_mel(sample_rate / 2)
    return mel_to_hertz(np.linspace(0.0, top, num_mels + 2))
