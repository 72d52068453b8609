"""The base class of every pretext layer: x -> (input, target, weight)."""

from typing import ClassVar

import keras
import tensorflow as tf

from kerassl.pretext.encoder_input import EncoderInput


def fold_seed(seed, data):
    """Returns a new stateless seed that mixes `data` into `seed`.

    Use it to draw several independent random tensors from the one seed that
    a pretext layer receives.

    Args:
        seed: Integer tensor of shape (2,).
        data: Integer, or scalar integer tensor.

    Returns:
        Integer tensor of shape (2,).

    Example:
        >>> fold_seed(tf.constant([1, 2], "int64"), 3).shape
        TensorShape([2])
    """
    return tf.random.experimental.stateless_fold_in(seed, data)


class PretextLayer(keras.layers.Layer):
    """Turns a batch of raw examples into what a pretext model trains on.

    A subclass writes `call(inputs, seed)` with TensorFlow operations only and
    takes every random number from `tf.random.stateless_*` with `seed` (split
    by `fold_seed`). The layer is then a pure function of (examples, seed): it
    gives the same result eagerly and inside `tf.data.Dataset.map`, whatever
    the Keras backend of the model is, and a run can be resumed at any batch.

    `call` returns `(x,)`, `(x, y)` or `(x, y, sample_weight)`. Shapes are
    static where the inputs' are, and no output is boolean (tf.distribute
    cannot pad those).

    Two more methods make the layer useful outside training: `prepare` gives
    clean encoder inputs, without corruption, and `draw` shows a person what
    the task does to their examples.

    Args:
        name: Layer name.
        **kwargs: Further arguments of `keras.layers.Layer`.

    Attributes:
        formerly: Of arguments that came later, {argument: the value that says what
            the layer did before}. A run that was begun without them goes on so.
    """

    formerly: ClassVar[dict] = {}

    def __init__(self, *, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        # The layer runs inside tf.data, so Keras must leave its TensorFlow
        # tensors alone when the backend is JAX.
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.built = True

    def build(self, *args, **kwargs):
        """Does nothing: a pretext layer has no weights."""

    def __call__(self, inputs, *args, **kwargs):
        # Before Keras calls `call`: what is raised there becomes many lines.
        self.check(inputs)
        return super().__call__(inputs, *args, **kwargs)

    @property
    def prepares(self):
        """Whether this layer has a `prepare` of its own: one may only train."""
        return type(self).prepare is not PretextLayer.prepare

    @property
    def encoder_input(self):
        """What `prepare` makes, an `EncoderInput`: an encoder's range and its words."""
        return EncoderInput()

    def check(self, inputs):
        """Raises an error that says why raw examples cannot be used, if so.

        Called for every batch. In a graph only shapes and dtypes are known: what
        the values must be is then a `tf.debugging` assertion. By default nothing
        is looked at.

        Args:
            inputs: A batch of raw examples.

        Raises:
            ValueError: If they are none that this layer takes.
        """

    def call(self, inputs, seed):
        """Returns `(x,)`, `(x, y)` or `(x, y, sample_weight)` of a batch.

        Args:
            inputs: A batch of raw examples.
            seed: Integer tensor of shape (2,).
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `call(inputs, seed)`."
        )

    def prepare(self, inputs):
        """Returns clean encoder inputs of a batch of raw examples.

        Args:
            inputs: A batch of raw examples.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `prepare(inputs)`."
        )

    def draw(self, inputs, seed):
        """Returns a `matplotlib.figure.Figure` that shows the task at work.

        Args:
            inputs: A batch of raw examples.
            seed: Integer tensor of shape (2,).
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `draw(inputs, seed)`."
        )
