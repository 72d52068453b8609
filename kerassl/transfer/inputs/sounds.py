"""Sounds as they are: mean and spread of each log-mel."""

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.layers import LogMel
from kerassl.transfer.inputs.features import InputFeatures
from kerassl.transfer.inputs.streaming import arrays_of

MELS = 40
# Taken for sounds that do not say theirs, in Hz.
USUAL_RATE = 16_000


def log_mel_statistics(train, test, *, seed: int = 0) -> list[InputFeatures]:
    """Returns mean and standard deviation over time of each log-mel.

    There are 40 mels, fewer where a low sample rate does not resolve them, in nats
    and not normalised, of windows of 25 ms every 10 ms. Frames in padding do not
    count; a sound shorter than one frame counts with its padding. Sounds whose source
    does not name a sample rate are taken for 16 kHz, and the name says so.

    Args:
        train: `kerassl.data.Source` of waveforms, as `kerassl.layers.LogMel` takes
            them; its `quantities` tell the "sample_rate".
        test: The same.
        seed: Not used: nothing here is random.

    Returns:
        List with one `InputFeatures` of 80 dimensions.

    Raises:
        ValueError: If the two have different sample rates, or waveforms are shorter
            than a frame.

    Example:
        >>> from kerassl.data import tones
        >>> source = tones(num_examples=4)
        >>> found, = log_mel_statistics(source, source)
        >>> found.name, found.train.shape
        ('log-mel mean and std', (4, 80))
    """
    rate, other = (s.quantities.get("sample_rate") for s in (train, test))
    if rate != other:
        raise InvalidValue(
            f"`test` must have the sample rate of `train`, {rate}. Received: {other}"
        )
    front_end = _front_end(rate or USUAL_RATE)
    note = "" if rate else f", taken for {USUAL_RATE:,} Hz"
    x, x_test = (
        np.concatenate([_statistics(batch, front_end) for batch in arrays_of(source)])
        for source in (train, test)
    )
    return [InputFeatures(f"log-mel mean and std{note}", x, x_test)]


def _front_end(rate):
    """Returns the `LogMel` of as many mels as the rate resolves, at most 40."""
    mels = MELS
    while mels > 1:
        try:
            return LogMel(rate, mels, normalize=None)
        except InvalidValue:
            mels //= 2
    return LogMel(rate, mels, normalize=None)


def _statistics(batch, front_end):
    """Returns (examples, 2 * mels): means, then standard deviations, over time."""
    made = {name: np.asarray(value) for name, value in front_end(batch).items()}
    mels, mask = made["log_mels"].astype("float64"), made["padding_mask"]
    mask = np.where(mask.any(axis=1, keepdims=True), mask, 1)[:, :, None]
    count = mask.sum(axis=1)
    mean = (mels * mask).sum(axis=1) / count
    variance = (np.square(mels - mean[:, None]) * mask).sum(axis=1) / count
    return np.concatenate([mean, np.sqrt(variance)], axis=1).astype("float32")
