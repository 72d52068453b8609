"""Log-mels in the input pipeline, which is TensorFlow's whatever the backend."""

import tensorflow as tf

from kerassl.augment.image import SLACK, check_between
from kerassl.errors import InvalidType, InvalidValue
from kerassl.layers.log_mel import (
    FULL_SCALE,
    NORMALIZED_OVER,
    POWER_FLOOR,
    VARIANCE_FLOOR,
)

# What sound files and microphones give.
DTYPES = (tf.int16, tf.float16, tf.bfloat16, tf.float32, tf.float64)


def waveforms(inputs):
    """Returns (waveform, length) of a batch of raw examples.

    Args:
        inputs: Waveforms (batch, samples), float in [-1, 1] or int16; or a dict of
            these as `"waveform"` and integers (batch,) as `"length"`.

    Returns:
        float32 tensor (batch, samples) and int32 tensor (batch,).
    """
    waveform, length = _parts(inputs)
    scale = 1.0 if waveform.dtype.is_floating else FULL_SCALE
    samples = tf.cast(waveform, tf.float32) / scale
    if length is None:
        length = tf.fill([tf.shape(samples)[0]], tf.shape(samples)[1])
    return samples, tf.cast(length, tf.int32)


def check_waveforms(inputs, least):
    """Raises where raw examples are no waveforms of so many samples.

    Args:
        inputs: As for `waveforms`.
        least: Samples that an example, with its padding, must have.

    Raises:
        TypeError: If samples are neither float nor int16, or lengths no integers.
        ValueError: If a shape is another one, samples are not finite or beyond
            [-1, 1], or lengths beyond the samples.
        InvalidArgumentError: In a graph, for the values.
    """
    waveform, length = _parts(inputs)
    if waveform.dtype not in DTYPES:
        raise InvalidType(
            "Waveforms must be float in [-1, 1] or int16. Received: "
            f"{waveform.dtype.name}"
        )
    if waveform.shape.rank != 2:
        raise InvalidValue(
            "Waveforms must have the shape (batch, samples), of one channel. Received "
            f"shape: {tuple(waveform.shape)}"
        )
    samples = waveform.shape[1]
    if samples is not None and samples < least:
        raise InvalidValue(
            f"Waveforms must have {least} samples or more. Received: {samples}"
        )
    if waveform.dtype.is_floating:
        wanted = "Waveforms of floats must be finite and in [-1, 1]."
        check_between(waveform, -1 - SLACK, 1 + SLACK, wanted, None)
    if length is not None:
        _check_lengths(waveform, length)


def log_mels(inputs, front_end):
    """Returns what a `LogMel` gives, computed by TensorFlow.

    Args:
        inputs: As for `waveforms`.
        front_end: The `kerassl.layers.LogMel`.

    Returns:
        A dict: `"log_mels"`, float32 (batch, frames, num_mels), and
        `"padding_mask"`, int32 (batch, frames).

    Example:
        >>> from kerassl.layers import LogMel
        >>> log_mels(tf.zeros((2, 16000), tf.int16), LogMel())["log_mels"].shape
        TensorShape([2, 98, 80])
    """
    samples, length = waveforms(inputs)
    frames = tf.signal.frame(samples, front_end.window_length, front_end.hop_length)
    spectrum = tf.signal.rfft(frames * front_end.hann, [front_end.fft_length])
    power = tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))
    mels = tf.math.log(tf.matmul(power, front_end.filters) + POWER_FLOOR)
    if samples.shape[1] is not None:
        mels = tf.ensure_shape(
            mels, [None, front_end.frames_in(samples.shape[1]), front_end.num_mels]
        )
    starts = tf.range(tf.shape(mels)[1]) * front_end.hop_length
    is_real = starts <= length[:, None] - front_end.window_length  # (batch, frames)
    if front_end.normalize is not None:
        axes = NORMALIZED_OVER[front_end.normalize]
        mels = _normalized(mels, tf.cast(is_real, tf.float32)[:, :, None], axes)
    return {"log_mels": mels, "padding_mask": tf.cast(is_real, tf.int32)}


def _normalized(mels, mask, axes):
    """Returns what the function of this name in `LogMel` does."""
    count = tf.maximum(tf.reduce_sum(mask, axis=1, keepdims=True), 1.0)

    def mean(values):
        over_mels = tf.reduce_mean(values, axis=axes, keepdims=True) if axes else values
        return tf.reduce_sum(over_mels * mask, axis=1, keepdims=True) / count

    centred = mels - mean(mels)
    return centred * mask / tf.sqrt(mean(tf.square(centred)) + VARIANCE_FLOOR)


def _parts(inputs):
    if not isinstance(inputs, dict):
        return tf.convert_to_tensor(inputs), None
    if "waveform" not in inputs:
        raise InvalidValue(
            "A dict of sounds must have the key 'waveform', and may have 'length'. "
            f"Received keys: {sorted(inputs)}"
        )
    length = inputs.get("length")
    length = None if length is None else tf.convert_to_tensor(length)
    return tf.convert_to_tensor(inputs["waveform"]), length


def _check_lengths(waveform, length):
    if not length.dtype.is_integer:
        raise InvalidType(f"`length` must hold integers. Received: {length.dtype.name}")
    sizes = (waveform.shape[0], *length.shape)
    if length.shape.rank != 1 or (None not in sizes and sizes[0] != sizes[1]):
        raise InvalidValue(
            "`length` must hold one number for each waveform, (batch,). Received "
            f"shapes: {tuple(length.shape)} and {tuple(waveform.shape)}"
        )
    most = waveform.shape[1]
    if most is not None:
        wanted = f"`length` must be from 0 to the {most} samples of a waveform."
        check_between(length, 0, most, wanted, None)
