# %% [markdown]
# # SimCLR, where labels are few
#
# Images are often plentiful and labels are not. SimCLR learns from the images
# alone: it makes two random *views* of each image and trains the encoder so
# that the two views of one image get similar features, and views of different
# images get different ones. What the views change at random is what the
# encoder learns to ignore.
#
# We train it on small images of digits (no download) and then see how well a
# classifier does with 1, 5 or 10 labels for each class.

# %%
import os

import keras
import tensorflow as tf

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The images
#
# These are 8x8 pixels, grey. To use **your own folder of images** put
#
# ```python
# train = kerassl.data.ImageFolder("photos/train", size=96)
# test = kerassl.data.ImageFolder("photos/test", size=96)
# SIZE, CHANNELS = 96, 3
# ```
#
# here, and give the encoder more layers: `kerassl.encoders.resnet((96, 96, 3))`
# is a ResNet-18. Pretraining needs no labels. To measure they are needed: where
# every image lies in a subfolder, these are the classes, and `labels` is set.

# %%
train = kerassl.data.digits()
test = kerassl.data.digits("test")
SIZE, CHANNELS = 8, 1

# %% [markdown]
# ## Look at the views first
#
# The views decide what is learnt, so look before you train. Ask of each row:
# would a person still know that the views show the same thing? If not, weaken
# the views. Are the two nearly the same? Then the task is too easy.
#
# Digits are not photographs. They must not be flipped (a mirrored 2 is no 2),
# a crop must not cut a 7 out of a 9, and in 8 pixels a blur leaves nothing. For
# photographs keep the defaults: `TwoViews(96, color_strength=0.5)`.

# %%
pretext = kerassl.pretext.TwoViews(
    SIZE,
    crop_scale=(0.6, 1.0),
    flip_rate=0.0,
    color_strength=0.5,
    blur_rate=0.0,
)
figure = pretext.draw(train.fetch(range(8)), tf.constant([0, 1]))
figure.savefig("views.png", dpi=100)

# %% [markdown]
# ## Training
#
# `CollapseMonitor` watches the features of some held-out images while the
# encoder trains. The danger is *collapse*: all images get the same features.
# The loss does not always show it, these measures do:
#
# - `effective_rank`: how many dimensions the features use. It falls to 1 in a
#   collapse.
# - `embedding_std`: how far features of different images differ.
#
# It warns by itself when both stay near nothing. SimCLR is safe from collapse
# by its negatives, so expect no warning here.

# %%
encoder = kerassl.encoders.resnet(
    (SIZE, SIZE, CHANNELS), depths=(1, 1), widths=(32, 64)
)
task = kerassl.models.SimCLR(encoder, pretext, projection_dim=32, temperature=0.2)
task.compile(keras.optimizers.Adam(0.002))

watched = pretext.prepare(test.fetch(range(256))).numpy()
history = task.fit(
    task.dataset(train, batch_size=256),
    epochs=2 if FAST else 60,
    callbacks=[kerassl.callbacks.CollapseMonitor(watched)],
    verbose=0,
)
for name, values in history.history.items():
    print(f"{name}: {values[0]:.3f} after 1 epoch, {values[-1]:.3f} at the end")

# %% [markdown]
# `contrastive_accuracy` is the share of views whose nearest neighbour in the
# batch is the other view of the same image. Without learning it would be about
# 1 in 511.
#
# ## With few labels
#
# `compare` measures the encoder beside two controls that have the same layers:
# random weights, and weights trained with *all* labels (a high bar, not a fair
# rival: its features have seen every label, whatever the column says). The fair
# question is whether `pretrained` beats `random` given the same few labels.
# Three ways:
#
# - *kNN* and *linear probe* keep the encoder frozen.
# - *fine-tuning* trains the encoder on. For `random` this is what you would do
#   without pretraining: ordinary supervised learning with the labels you have.


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return pretext.prepare(images).numpy(), source.labels


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(1, 5) if FAST else (1, 5, 10, None),
    draws=1 if FAST else 3,
    methods=("knn", "linear_probe") if FAST else ("knn", "linear_probe", "fine_tune"),
    controls=("random",) if FAST else ("random", "supervised"),
    progress=False,
)
print(comparison.to_markdown())

# %% [markdown]
# Read the table by columns: the fewer the labels, the more pretraining matters.
# The ± is the standard deviation over draws of the labelled images; a smaller
# difference than that proves nothing.
#
# ## A map of the features
#
# t-SNE lays the features of the test images out in the plane. The colours are
# the labels, which the encoder has not seen. Images of one digit should lie
# together; look at which digits touch.

# %%
x, labels = inputs_and_labels(test)
figure = kerassl.transfer.embedding_map(
    task.encoder,
    x,
    labels,
    test.class_names,
    examples=60 if FAST else 500,
    title="SimCLR, no labels used",
)
figure.savefig("embedding_map.png", dpi=100)

# %% [markdown]
# ## To go on
#
# - Put `flip_rate=0.5` into the views, train again and compare the tables.
# - Train with `batch_size=64`. Fewer images in a batch are fewer negatives.
# - Save the product with `task.encoder.save("encoder.keras")`; it is a plain
#   Keras model, and Keras alone can load it.
