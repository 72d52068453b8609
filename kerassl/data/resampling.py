"""Sounds at another sample rate."""

import fractions
import functools

# Half of the filter's taps, for each sample of the slower of both rates; its cut-off,
# in parts of that rate's half; and its window. Up to 0.9 of it passes whole, and what
# lies above it comes through at -90 dB, as measured.
HALF, CUTOFF, KAISER = 50, 0.95, 9.0
# Rates without a simple ratio, such as 16000 to 44056, take the nearest that has one.
MOST_PARTS = 1000


def rate_ratio(rate: int, wanted: int):
    """Returns (up, down): so many samples wanted take the time of so many given.

    Args:
        rate: Samples a second that are given, in Hz.
        wanted: Samples a second that are wanted.

    Example:
        >>> rate_ratio(44100, 16000)
        (160, 441)
    """
    ratio = fractions.Fraction(wanted, rate).limit_denominator(MOST_PARTS)
    return ratio.numerator, ratio.denominator


def resample(samples, up: int, down: int):
    """Returns samples at up / down times their rate, by a polyphase filter.

    It is scipy's, which is here anyway, with a filter of our own: its default one
    lets what lies just above the new band through at -8 dB.

    Args:
        samples: Float32 array (samples,), taken to be 0 before and behind.
        up: See `rate_ratio`.
        down: See `rate_ratio`.

    Returns:
        Float32 array (ceil(samples * up / down),).

    Example:
        >>> import numpy as np
        >>> resample(np.zeros(441, "float32"), 160, 441).shape
        (160,)
    """
    if up == down or not len(samples):
        return samples
    import scipy.signal

    return scipy.signal.resample_poly(samples, up, down, window=_filter(up, down))


def reach(up: int, down: int):
    """Returns how many steps of `down` given samples the filter reads on each side."""
    return HALF // min(up, down) + 1


@functools.lru_cache(16)
def _filter(up, down):
    import scipy.signal

    slower = max(up, down)
    window = ("kaiser", KAISER)
    taps = 2 * HALF * slower + 1
    return scipy.signal.firwin(taps, CUTOFF / slower, window=window).astype("float32")
