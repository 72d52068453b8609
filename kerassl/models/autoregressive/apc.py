"""Autoregressive predictive coding, for sound."""

import keras
import tensorflow as tf
from keras import ops

from kerassl.errors import InvalidValue
from kerassl.losses.frames import frame_l1
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy
from kerassl.pictures import spectrograms

# What an encoder of log-mels takes.
INPUTS = {"log_mels", "padding_mask"}


@keras.saving.register_keras_serializable(package="kerassl")
class APC(PretextModel):
    """Trains a causal encoder of sound to tell a later frame (APC).

    A linear layer maps the features of each frame to the log-mels of the one some
    frames later. The loss is the mean absolute error over real frames and mels.

    A loss means little by itself: sounds last, so that a frame is much like the last
    one. `repeat_l1` is the loss of a forecast that repeats the last frame heard, and
    loss / repeat_l1 the share of it that is left. With normalised log-mels and
    a head that gives zeros the loss is the mean absolute value of the target.

    Args:
        encoder: A causal `keras.Model` from a dict of `"log_mels"`, float (batch,
            frames, num_mels), and `"padding_mask"`, integer (batch, frames), to
            (batch, frames, dim), such as `kerassl.encoders.recurrent` gives.
        pretext: A `kerassl.pretext.FutureFrames`, or any pretext layer with the
            same outputs.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        The dict that the encoder takes.

    Output:
        Float tensor (batch, frames, num_mels), the frames to come.

    Logs:
        loss: Mean absolute error, in standard deviations where the log-mels are
            normalised, else in nats.
        repeat_l1: The same error of repeating the last frame heard.

    Raises:
        ValueError: If the encoder takes other inputs, gives no sequence or is
            bidirectional, or takes other frames than the pretext layer gives.

    Example:
        >>> from kerassl.data import tones
        >>> from kerassl.encoders import recurrent
        >>> from kerassl.pretext import FutureFrames
        >>> pretext = FutureFrames(sample_rate=8000, num_mels=20)
        >>> task = APC(recurrent(20, hidden_dim=16, num_layers=1), pretext)
        >>> task.compile("adam")
        >>> sounds = tones(num_examples=64, sample_rate=8000, seconds=0.5)
        >>> history = task.fit(task.dataset(sounds, batch_size=16), verbose=0)
        >>> sorted(history.history)
        ['loss', 'repeat_l1']

    Reference:
        Chung et al., 2019, An Unsupervised Autoregressive Model for Speech
        Representation Learning, https://arxiv.org/abs/1904.03240
    """

    tracked = ("repeat_l1",)
    reads = ("weight",)
    default_measures = ("classification", "pretext")
    baselines = {"repeat_l1": "repeating the last frame heard"}

    def __init__(self, encoder, pretext=None, *, name: str | None = None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        num_mels = _checked_mels(encoder, pretext)
        self.head = keras.layers.Dense(
            num_mels, dtype=head_policy(encoder), name="head"
        )
        self.head.build(encoder.output_shape)
        self.built = True

    def propagate(self, x, training):
        states = self.encoder({n: x[n] for n in self.encoder.input}, training=training)
        return self.head(states)

    def objective(self, x, y, outputs, training):
        targets, weights = y
        return {"future_frames": (frame_l1(targets, outputs), weights)}

    def measures(self, x, y, outputs):
        targets, weights = y
        return {"repeat_l1": (frame_l1(targets, x["log_mels"]), weights)}

    def draw(self, inputs):
        """Returns a figure: the frames that came above, predicted ones below.

        Args:
            inputs: Raw sounds, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        x, y, weight = self.pretext(inputs, seed=tf.constant([0, 0], tf.int64))
        x = {name: value.numpy() for name, value in x.items()}
        predicted = ops.convert_to_numpy(self.predict(x, verbose=0))
        rows = {"frames to come": (y, weight), "predicted": (predicted, weight)}
        return spectrograms(rows, self.pretext.front_end)


def _checked_mels(encoder, pretext):
    """Returns the dimension of the frames that an encoder takes."""
    taken = encoder.input if hasattr(encoder, "input") else None
    if not isinstance(taken, dict) or "log_mels" not in taken or set(taken) - INPUTS:
        raise InvalidValue(
            "`encoder` must be a functional keras.Model that takes a dict with the "
            "keys 'log_mels' and 'padding_mask', such as `kerassl.encoders.recurrent` "
            f"gives. Received: {encoder.name!r}, which takes {_names(taken)}"
        )
    if len(encoder.output_shape) != 3:
        raise InvalidValue(
            "`encoder` must give features of each frame, (batch, frames, dim). "
            f"Received: {encoder.output_shape}"
        )
    for layer in encoder._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Bidirectional):
            raise InvalidValue(
                "`encoder` must be causal: no frame may see those after it. Received "
                f"one with the bidirectional layer {layer.name!r}."
            )
    num_mels = taken["log_mels"].shape[-1]
    made = getattr(getattr(pretext, "front_end", None), "num_mels", num_mels)
    if made != num_mels:
        raise InvalidValue(
            f"`encoder` takes frames of {num_mels} mels. Received a pretext layer that "
            f"gives {made}. In a preset, change `encoder.num_mels` and "
            "`pretext.num_mels` together."
        )
    return num_mels


def _names(taken):
    return sorted(taken) if isinstance(taken, dict) else "one tensor"
