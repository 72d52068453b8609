"""Two tiny pretext tasks that exercise every part of the base class."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from matplotlib.figure import Figure

from kerassl.models import PretextModel
from kerassl.pretext import PretextLayer, fold_seed


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Corrupt(PretextLayer):
    """Zeroes features; the target is the example, weighted unevenly."""

    def call(self, inputs, seed):
        inputs = tf.cast(inputs, tf.float32)
        keep = tf.random.stateless_uniform(tf.shape(inputs), fold_seed(seed, 0)) > 0.3
        weight = tf.random.stateless_uniform(tf.shape(inputs)[:1], fold_seed(seed, 1))
        weight = tf.ensure_shape(weight, inputs.shape[:1])
        return inputs * tf.cast(keep, tf.float32), inputs, weight

    def prepare(self, inputs):
        return tf.cast(inputs, tf.float32)

    def draw(self, inputs, seed):
        figure = Figure()
        figure.subplots().imshow(self(inputs, seed)[0])
        return figure


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Restore(PretextModel):
    """Restores corrupted features, and keeps a running mean as state."""

    tracked = ("error",)
    reads = ("weight",)

    def __init__(self, encoder, pretext=None, *, name=None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        dim = encoder.input_shape[-1]
        self.head = keras.layers.Dense(dim, dtype=encoder.dtype_policy)
        self.head.build(encoder.output_shape)
        self.center = self.add_weight(
            shape=(dim,), initializer="zeros", trainable=False, name="center"
        )
        self.built = True

    def propagate(self, x, training):
        return self.head(self.encoder(x, training=training))

    def objective(self, x, y, outputs, training):
        y, weight = y
        if training:
            from kerassl import distribute

            mean = ops.mean(distribute.all_gather(outputs), axis=0)
            self.center.assign(0.9 * self.center + 0.1 * ops.stop_gradient(mean))
        error = ops.mean(ops.square(outputs - y), axis=-1)
        return {"error": (error, weight)}

    def measures(self, x, y, outputs):
        y, weight = y
        return {"error": (ops.mean(ops.abs(outputs - y), axis=-1), weight)}


@keras.saving.register_keras_serializable(package="kerassl_tests")
class Game(Restore):
    """Encoder and head as two players with losses that pull apart."""

    def players(self):
        return {
            "head": self.head.trainable_variables,
            "encoder": self.encoder.trainable_variables,
        }

    def objective(self, x, y, outputs, training):
        terms = super().objective(x, y, outputs, training)
        bound = ops.mean(ops.square(outputs), axis=-1)
        return {"head": terms, "encoder": {"bound": bound, **terms}}


@keras.saving.register_keras_serializable(package="kerassl_tests")
class SimultaneousGame(Game):
    """Both players answer to the same weights."""

    simultaneous = True


@keras.saving.register_keras_serializable(package="kerassl_tests")
class SlowGame(Game):
    """The encoder moves in every third step only."""

    def steps_per_update(self):
        return {"encoder": 3}


def encoder(dim=6, dropout=0.0, dtype=None):
    """Returns a small dense encoder with weights that do not vary."""
    return keras.Sequential(
        [
            keras.Input((dim,)),
            keras.layers.Dense(
                8,
                activation="tanh",
                kernel_initializer=keras.initializers.GlorotUniform(seed=1),
                dtype=dtype,
            ),
            keras.layers.Dropout(dropout, seed=2, dtype=dtype),
        ],
        name="encoder",
    )


def fixed(task, seed=0):
    """Gives every trainable weight of `task` a value that depends on `seed`."""
    random = np.random.default_rng(seed)
    for variable in task.trainable_variables:
        variable.assign(0.3 * random.standard_normal(variable.shape))
    return task
