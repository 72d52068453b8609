"""Log-mel spectrograms, the front end of most audio encoders."""

import keras
import numpy as np
from keras import ops

from kerassl.checks import check_integer
from kerassl.errors import InvalidValue
from kerassl.layers.mel_filters import (
    MAX_RATE,
    MIN_RATE,
    mel_centres,
    mel_filters,
    samples_in,
)

# Added to every power before the logarithm. With samples in [-1, 1] it lies above
# what rounding to 16 bits leaves in a filter, about 1e-7, so that silence is one
# number rather than noise.
POWER_FLOOR = 1e-6
# Axes whose numbers are normalised together, beside time.
NORMALIZED_OVER = {"mel": (), "example": (2,), None: None}
# Added to a mel's variance over time, where it may be 0: in silence.
VARIANCE_FLOOR = 1e-5
# What an integer sample is divided by.
FULL_SCALE = 32768.0


@keras.saving.register_keras_serializable(package="kerassl")
class LogMel(keras.layers.Layer):
    """Turns waveforms into log-mel spectrograms.

    Frame i is the power spectrum of the samples from i * hop on, under a Hann
    window, summed by triangular filters (HTK's mel scale, from 0 Hz to half the
    sample rate), in nats: log(power + 1e-6). Only frames that lie wholly in an
    example's true length are real; the others are padding. No frame sees samples
    beyond its own window, so that a stream gives the same ones.

    Normalised, the log-mels have mean 0 and variance 1 over an example's real frames:
    all together, which takes away the level alone; or each mel by itself, which takes
    away the colour of the microphone too, but with it what else lasts as long as the
    example, such as a voice or the pitch of a tone. The mean knows the whole example:
    for a stream leave it out, or normalise by what has been heard so far, and train
    likewise.

    Stands before an encoder of log-mels to make one of waveforms:

        waveform = keras.Input((None,), name="waveform")
        length = keras.Input((), dtype="int32", name="length")
        sound = {"waveform": waveform, "length": length}
        keras.Model(sound, encoder(LogMel()(sound)))

    Args:
        sample_rate: Samples a second of the waveforms, in Hz.
        num_mels: Filters, the dimension of a frame.
        window: Seconds of a frame.
        hop: Seconds from one frame to the next.
        normalize: `"example"`, all mels together, `"mel"`, each by itself, or None.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`. It computes in float32 whatever the policy.

    Call arguments:
        inputs: Waveforms (batch, samples), float in [-1, 1] or int16; or a dict of
            these as `"waveform"` and integers (batch,) as `"length"`, the samples of
            each example that are no padding.

    Returns:
        A dict: `"log_mels"`, float32 (batch, frames, num_mels), 0 in padding where
        normalised, and `"padding_mask"`, int32 (batch, frames), 1 at real frames.

    Attributes:
        window_length: Samples of a frame.
        hop_length: Samples from one frame to the next.
        fft_length: The power of 2 to which frames are padded with zeros.
        frequencies: Float64 array (num_mels,), the filters' centres in Hz.

    Raises:
        ValueError: If an argument is out of range, `hop` is longer than `window`, or
            waveforms are shorter than a frame.

    Example:
        >>> made = LogMel()(np.zeros((2, 16000), "float32"))
        >>> tuple(made["log_mels"].shape)
        (2, 98, 80)

    Reference:
        Davis and Mermelstein, 1980, https://doi.org/10.1109/TASSP.1980.1163420
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        num_mels: int = 80,
        window: float = 0.025,
        hop: float = 0.01,
        normalize: str | None = "example",
        *,
        name: str | None = None,
        **kwargs,
    ):
        # Samples in half precision are noise.
        kwargs = {**kwargs, "dtype": "float32", "autocast": False}
        super().__init__(name=name, **kwargs)
        check_integer("sample_rate", sample_rate, least=MIN_RATE, most=MAX_RATE)
        if normalize not in tuple(NORMALIZED_OVER):  # a list is no key
            raise InvalidValue(
                f"`normalize` must be one of {tuple(NORMALIZED_OVER)}. Received: "
                f"{normalize!r}"
            )
        self.window_length = samples_in("window", window, sample_rate)
        self.hop_length = samples_in("hop", hop, sample_rate)
        if self.hop_length > self.window_length:
            raise InvalidValue(
                f"`hop` must be at most `window`, {window} s, or samples between the "
                f"frames go unheard. Received: {hop!r}"
            )
        self.fft_length = max(2, 1 << (self.window_length - 1).bit_length())
        self.filters = mel_filters(num_mels, self.fft_length, sample_rate)
        self.frequencies = mel_centres(num_mels, sample_rate)
        self.sample_rate, self.num_mels = sample_rate, num_mels
        self.window, self.hop, self.normalize = window, hop, normalize
        # Periodic, as it is for spectra, not symmetric as for filters.
        turn = 2 * np.pi * np.arange(self.window_length) / self.window_length
        self.hann = (0.5 - 0.5 * np.cos(turn)).astype("float32")
        self.built = True

    def frames_in(self, samples: int):
        """Returns how many frames lie wholly in so many samples.

        Example:
            >>> LogMel().frames_in(16000)
            98
        """
        return max(0, 1 + (samples - self.window_length) // self.hop_length)

    def call(self, inputs):
        waveform, length = _parts(inputs)
        self._check(waveform)
        scale = 1.0 if _is_float(waveform) else FULL_SCALE
        waveform = ops.cast(waveform, "float32") / scale
        frames = ops.extract_sequences(waveform, self.window_length, self.hop_length)
        real, imaginary = ops.rfft(frames * self.hann, fft_length=self.fft_length)
        power = ops.square(real) + ops.square(imaginary)  # (batch, frames, bins)
        log_mels = ops.log(ops.matmul(power, self.filters) + POWER_FLOOR)
        mask = self._mask(log_mels, length)
        if self.normalize is not None:
            axes = NORMALIZED_OVER[self.normalize]
            log_mels = _normalized(log_mels, mask[:, :, None], axes)
        return {"log_mels": log_mels, "padding_mask": ops.cast(mask, "int32")}

    def compute_output_spec(self, inputs):
        waveform, _ = _parts(inputs)
        self._check(waveform)
        batch, samples = waveform.shape
        frames = None if samples is None else self.frames_in(samples)
        return {
            "log_mels": keras.KerasTensor((batch, frames, self.num_mels), "float32"),
            "padding_mask": keras.KerasTensor((batch, frames), "int32"),
        }

    def get_config(self):
        config = super().get_config()
        config.pop("dtype", None)
        return {
            **config,
            "sample_rate": self.sample_rate,
            "num_mels": self.num_mels,
            "window": self.window,
            "hop": self.hop,
            "normalize": self.normalize,
        }

    def _mask(self, log_mels, length):
        """Returns 1.0 at the frames that lie wholly in the true lengths, else 0.0."""
        if length is None:
            return ops.ones_like(log_mels[:, :, 0])
        last = ops.cast(length, "int32")[:, None] - self.window_length
        starts = ops.arange(ops.shape(log_mels)[1], dtype="int32") * self.hop_length
        return ops.cast(starts <= last, "float32")  # (batch, frames)

    def _check(self, waveform):
        shape = tuple(waveform.shape)
        if len(shape) != 2:
            raise InvalidValue(
                f"`inputs` must be waveforms (batch, samples). Received shape: {shape}"
            )
        if shape[1] is not None and shape[1] < self.window_length:
            raise InvalidValue(
                f"`inputs` must have the {self.window_length} samples of a frame or "
                f"more. Received shape: {shape}"
            )


def _normalized(log_mels, mask, axes):
    """Returns mels of mean 0 and variance 1 over the real frames, 0 elsewhere."""
    # Of means over mels each has as many frames, so their mean is that of all.
    count = ops.maximum(ops.sum(mask, axis=1, keepdims=True), 1.0)

    def mean(values):
        over_mels = ops.mean(values, axis=axes, keepdims=True) if axes else values
        return ops.sum(over_mels * mask, axis=1, keepdims=True) / count

    centred = log_mels - mean(log_mels)
    return centred * mask / ops.sqrt(mean(ops.square(centred)) + VARIANCE_FLOOR)


def _parts(inputs):
    if isinstance(inputs, dict):
        return inputs["waveform"], inputs.get("length")
    return inputs, None


def _is_float(tensor):
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
