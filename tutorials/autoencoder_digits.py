# %% [markdown]
# # An autoencoder for handwritten digits
#
# An autoencoder has two halves. The *encoder* squeezes an image into a short
# vector, the *decoder* restores the image from that vector. Nobody needs to
# label anything: the target is the image itself. To restore a digit from few
# numbers the encoder must find out what digits have in common, and that makes
# its output useful *features* for other tasks.
#
# We train one on the digits that scikit-learn bundles (no download), look at
# what it restores, and measure what its features are worth.

# %%
import os

import keras

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The data
#
# A *source* holds raw examples. Its labels are never used in pretraining, only
# to measure the features afterwards.

# %%
train = kerassl.data.digits(size=28)
test = kerassl.data.digits("test", size=28)
print(f"{len(train)} images to learn from, {len(test)} to measure with")

# %% [markdown]
# ## The model
#
# The encoder is an ordinary Keras model, 784-256-128-64. The pretext layer
# `Reconstruct` scales the pixels to [0, 1] and makes each image its own
# target. `Autoencoder` adds the decoder, the mirror image of the encoder.

# %%
encoder = kerassl.encoders.dense((28, 28, 1), hidden_dims=(256, 128, 64))
pretext = kerassl.pretext.Reconstruct(size=28, channels=1)
task = kerassl.models.Autoencoder(encoder, pretext)

# %% [markdown]
# ## Training
#
# `compile` and `fit` are those of Keras. `task.dataset` makes the batches.
# The loss is a cross-entropy for each pixel. Its least value is not 0 but the
# entropy of the grey pixels, so `squared_error` is easier to read.

# %%
task.compile(keras.optimizers.AdamW(0.002, weight_decay=1e-4))
history = task.fit(
    task.dataset(train, batch_size=128),
    epochs=3 if FAST else 80,
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name}: {values[0]:.4f} after 1 epoch, {values[-1]:.4f} at the end")

# %% [markdown]
# ## What it restores
#
# These images are of the test set: the autoencoder has never seen them. Above
# are the originals, below what the decoder makes of 64 numbers. Look for what
# is lost: thin gaps, faint ends of strokes.

# %%
figure = task.draw(test.fetch(range(12)))
figure.savefig("autoencoder_digits.png", dpi=150)

# %% [markdown]
# ## What the features are worth
#
# Now the labels come in. `prepare` turns raw images into encoder inputs.
# `compare` freezes the encoder and measures its features in two ways:
#
# - *kNN*: each test image gets the label that its nearest neighbours have.
# - *linear probe*: logistic regression on the features.
#
# A figure alone says little, because even random features keep much of so
# simple an image. So the same encoder with random weights stands beside it.
# If the pretrained rows were not above the random ones, training would have
# been for nothing. Each cell is a mean over several draws of the labelled
# images, with its standard deviation: a difference smaller than that is none.


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return pretext.prepare(images).numpy(), source.labels


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(5, None) if FAST else (1, 5, 20, None),
    draws=2 if FAST else 5,
    methods=("knn", "linear_probe"),
    controls=("random",),
    progress=False,
)
print(comparison.to_markdown())

# %% [markdown]
# ## To go on
#
# - Make the last layer narrower, `hidden_dims=(256, 128, 8)`. What happens to
#   the pictures, and what to the table?
# - `task.encoder.save("encoder.keras")` keeps the encoder. It is made of stock
#   layers, so Keras loads it without this library.
# - An autoencoder must also remember slant and thickness, which a classifier
#   has no use for. The tutorial `simclr_few_labels.py` asks another question:
#   which images show the same thing?
