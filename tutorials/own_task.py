# %% [markdown]
# # A pretext task of your own
#
# A pretext task is two small classes: a *pretext layer* that makes inputs and
# targets of raw examples, and a *model* that says what is computed of them and
# what is lost. Everything else is there already: the dataset, training on
# several devices, checkpoints that resume to the bit, the report beside a
# random encoder, pictures and the command line.
#
# We write *rotation prediction* (Gidaris et al., 2018,
# https://arxiv.org/abs/1803.07728): images are turned by 0, 90, 180 or 270
# degrees, and the encoder must tell by how much. To know which way is up, it
# has to know what it looks at.

# %%
import os

import keras
import tensorflow as tf
from keras import ops

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The pretext layer
#
# `call` takes a batch of raw examples and a seed, and returns `(x, y)`. It is
# TensorFlow, since it runs inside `tf.data`, and every random number comes from
# the seed: that is what makes the n-th batch of a run always the same one.
# `prepare` gives the encoder's inputs without the task, `draw` shows a person
# what the task does. Both are needed by reports and previews.


# %%
@keras.saving.register_keras_serializable(package="own_task")
class Rotate(kerassl.pretext.PretextLayer):
    """Turns each image by a random number of quarter turns, the target."""

    def call(self, inputs, seed):
        images = self.prepare(inputs)
        turns = tf.random.stateless_uniform(tf.shape(images)[:1], seed, 0, 4, tf.int32)
        turned = tf.stack([tf.image.rot90(images, k) for k in range(4)], axis=1)
        return tf.gather(turned, turns, batch_dims=1), turns

    def prepare(self, inputs):
        return tf.cast(inputs, tf.float32) / 255.0

    def draw(self, inputs, seed):
        turned, _ = self(inputs, seed)
        columns = [self.prepare(inputs).numpy(), turned.numpy()]
        return kerassl.pictures.image_grid(columns, titles=["image", "turned"])


# %% [markdown]
# ## The model
#
# `propagate` is the forward pass. `objective` returns named terms of the loss
# with one value per example; the base class takes the mean over all devices.
# `measures` gives what the log should show. Write `keras.ops` only, and the
# task runs on TensorFlow and on JAX.


# %%
@keras.saving.register_keras_serializable(package="own_task")
class RotationPrediction(kerassl.models.PretextModel):
    """Tells by how many quarter turns an image was turned."""

    tracked = ("accuracy",)

    def __init__(self, encoder, pretext=None, *, name=None, **kwargs):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.head = keras.layers.Dense(4, name="head")
        self.head.build(encoder.output_shape)
        self.built = True

    def propagate(self, x, training):
        return self.head(self.encoder(x, training=training))

    def objective(self, x, y, outputs, training):
        loss = ops.sparse_categorical_crossentropy(y, outputs, from_logits=True)
        return {"rotation": loss}

    def measures(self, x, y, outputs):
        return {"accuracy": ops.equal(ops.argmax(outputs, axis=-1), y)}


# %% [markdown]
# ## Plain Keras
#
# The task is a Keras model: compile it, fit it. Guessing is right in a quarter
# of the cases.

# %%
digits = kerassl.data.digits()


def make():
    encoder = kerassl.encoders.resnet((8, 8, 1), depths=(1, 1), widths=(32, 64))
    return RotationPrediction(encoder, Rotate(), name="rotation_digits")


task = make()
task.compile("adam")
history = task.fit(task.dataset(digits, batch_size=128), epochs=2, verbose=0)
print(f"turns told after 2 epochs: {history.history['accuracy'][-1]:.2f}")

# %% [markdown]
# ## One call
#
# `kerassl.pretrain` takes the task in place of a preset's name and makes a whole
# run of it: killed, the same call goes on; finished, it shows the report. Part
# of the labelled examples is kept out of pretraining to measure with.

# %%
task = make()
task.compile(keras.optimizers.Adam(0.001))
run = kerassl.pretrain(
    task,
    digits,
    out="runs/rotation_digits",
    steps=30 if FAST else 600,
    evaluate=not FAST,
    progress=False,
)
print(run)

# %% [markdown]
# Beside the table, the folder `runs/rotation_digits` holds the encoder in plain
# Keras, a picture of what the task does (`views.png`), one of what the encoder
# made of it (`embedding.png`), the loss curves and the checkpoints.
#
# ## The command line
#
# Put the two classes, with the imports, into `rotation.py` and write
# `rotation.json` beside it, starting from `kerassl show simclr_digits --json`; in
# it put these in place of the name and of two whole sections:
#
# ```json
# "name": "rotation",
# "pretext": {"class": "rotation.Rotate"},
# "model": {"class": "rotation.RotationPrediction"}
# ```
#
# Then
#
# ```console
# kerassl preview rotation.json --import rotation
# kerassl pretrain rotation.json --import rotation --data photos/
# ```
#
# do for it what they do for any other preset.
#
# ## To go on
#
# - `kerassl.testing.check_task` runs on your class the checks that all of ours
#   pass: saving, resuming, bfloat16. `check_replicas` adds two devices.
# - Which of the ten digits look the same upside down? See what the map of the
#   features makes of them.
