"""Autoregressive predictive coding: from the sound so far, tell a later frame."""

import keras
import tensorflow as tf

from kerassl.checks import check_integer
from kerassl.layers.log_mel import LogMel
from kerassl.pictures import spectrograms
from kerassl.pretext.audio.log_mels import check_waveforms, log_mels
from kerassl.pretext.base import PretextLayer
from kerassl.pretext.encoder_input import EncoderInput

# More frames ahead there is nothing that a sound tells of them: 10 seconds.
MAX_SHIFT = 1000


@keras.saving.register_keras_serializable(package="kerassl")
class FutureFrames(PretextLayer):
    """Asks at every frame of a log-mel spectrogram for the one `time_shift` later.

    The spectrogram is made here, in the input pipeline, and the encoder takes
    log-mels: the target is made of the same numbers, a run need not compute them
    twice, and every front end (`kerassl.layers.LogMel`, MFCCs of your own, a file of
    features) fits the encoder. For one that takes waveforms, put `LogMel` before it.

    One frame ahead, copying the last one is nearly right, since windows overlap; the
    further ahead, the more of the sound's course must be known. The paper tries 1 to
    20 and finds 3 best for phones, which is the default; its published code has 1.

    Args:
        time_shift: Frames from the one seen last to the one asked for, the paper's n.
        sample_rate: Samples a second of the waveforms, in Hz.
        num_mels: Dimension of a frame.
        window: Seconds of a frame.
        hop: Seconds from one frame to the next.
        normalize: Whether mels get mean 0 and variance 1 over an example:
            `"example"`, all together, `"mel"`, each by itself, or None; see
            `kerassl.layers.LogMel`, also for streams. The paper does so for each mel
            over all that a speaker says; over one word alone that takes away too much.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Call arguments:
        inputs: Waveforms (batch, samples), float in [-1, 1] or int16; or a dict of
            these as `"waveform"` and integers (batch,) as `"length"`, samples that
            are no padding, as `kerassl.data.AudioFolder` gives it.
        seed: Integer tensor of shape (2,), not used: nothing here is random.

    Returns:
        A tuple `(x, y, sample_weight)`:

        - x: dict of `"log_mels"`, float32 (batch, frames, num_mels), and
          `"padding_mask"`, int32 (batch, frames).
        - y: float32 (batch, frames, num_mels), the frames `time_shift` later.
        - sample_weight: float32 (batch, frames), 1 where that is a real frame.

    Attributes:
        front_end: The `kerassl.layers.LogMel`.

    Raises:
        ValueError: If an argument is out of range, or waveforms are too short to
            hold a frame and a later one.

    Example:
        >>> waveform = tf.random.stateless_uniform((2, 8000), (0, 1), -1.0, 1.0)
        >>> x, y, weight = FutureFrames()(waveform, seed=tf.constant([0, 1]))
        >>> bool(tf.reduce_all(x["log_mels"][:, 3:] == y[:, :-3]))
        True

    Reference:
        Chung et al., 2019, An Unsupervised Autoregressive Model for Speech
        Representation Learning, https://arxiv.org/abs/1904.03240
    """

    def __init__(
        self,
        time_shift: int = 3,
        sample_rate: int = 16000,
        num_mels: int = 80,
        window: float = 0.025,
        hop: float = 0.01,
        normalize: str | None = "example",
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_integer("time_shift", time_shift, least=1, most=MAX_SHIFT)
        self.front_end = LogMel(sample_rate, num_mels, window, hop, normalize)
        self.time_shift = time_shift

    @property
    def encoder_input(self):
        front_end = self.front_end
        over = front_end.normalize or "nothing"
        made = (
            f"of waveforms at {front_end.sample_rate} Hz, frames of "
            f"{front_end.window:g} s every {front_end.hop:g} s, normalised over {over}"
        )
        return EncoderInput("log-mels", made)

    def check(self, inputs):
        front_end = self.front_end
        shift = self.time_shift * front_end.hop_length
        check_waveforms(inputs, front_end.window_length + shift)

    def call(self, inputs, seed):
        made = log_mels(inputs, self.front_end)
        frames, mask = made["log_mels"], made["padding_mask"]
        n = self.time_shift
        x = {"log_mels": frames[:, :-n], "padding_mask": mask[:, :-n]}
        return x, frames[:, n:], tf.cast(mask[:, n:], tf.float32)

    def prepare(self, inputs):
        """Returns the log-mels of a batch of sounds, all frames of them.

        Args:
            inputs: As for a call.

        Returns:
            A dict of `"log_mels"` and `"padding_mask"`, as `x` of a call.
        """
        self.check(inputs)
        return log_mels(inputs, self.front_end)

    def draw(self, inputs, seed):
        """Returns a figure of spectrograms beside the frames that are asked for.

        Args:
            inputs: As for a call; the first rows are shown.
            seed: Integer tensor of shape (2,), not used.

        Returns:
            A `matplotlib.figure.Figure`.
        """
        x, y, weight = self(inputs, seed)
        later = self.time_shift * self.front_end.hop
        return spectrograms(
            {
                "heard": (x["log_mels"], x["padding_mask"]),
                f"asked for, {later:g} s later": (y, weight),
            },
            self.front_end,
        )

    def get_config(self):
        front_end = self.front_end
        return {
            **super().get_config(),
            "time_shift": self.time_shift,
            "sample_rate": front_end.sample_rate,
            "num_mels": front_end.num_mels,
            "window": front_end.window,
            "hop": front_end.hop,
            "normalize": front_end.normalize,
        }
