# %% [markdown]
# # Clusters as labels
#
# DeepCluster turns in a circle. It groups the images by their features, takes
# the number of the group as a label, trains the encoder to tell the label, and
# groups the images again by the features that it now has. At the start the
# features are those of random weights, and the groups are poor; but images that
# look alike are together more often than by chance, and that is enough to begin.
#
# We let it group handwritten digits, look at the groups, and see whether they
# settle.

# %%
import os

import keras
from matplotlib.figure import Figure
from sklearn.metrics import normalized_mutual_info_score

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"
PASSES = 4 if FAST else 60

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The data and the model
#
# The labels of the digits are used at the end only, to judge. There are 10
# digits and 40 clusters: each digit is written in several ways, and the paper
# found that many more clusters than classes work best. For **your own folder**
# use `kerassl.data.ImageFolder("photos", size=96)` and an encoder for that size.

# %%
train = kerassl.data.digits()
test = kerassl.data.digits("test")
encoder = kerassl.encoders.resnet(
    (8, 8, 1), depths=(1, 1), widths=(32, 64), name="encoder"
)
# A digit turned over is another digit, so nothing is flipped.
pretext = kerassl.pretext.RandomView(8, crop_scale=(0.5, 1.0), flip_rate=0.0)
task = kerassl.models.DeepCluster(
    encoder, pretext, num_examples=len(train), num_clusters=40, pca_dim=32
)

# %% [markdown]
# ## Training
#
# `fit` makes the clusters anew before each pass over the images.
# `cluster_accuracy` is the share of views whose cluster is told rightly.
# `cluster_nmi` says how far the clusters are those of the pass before: 1 if they
# are the same, 0 if they have nothing in common.

# %%
task.compile(keras.optimizers.Adam(0.002))
history = task.fit(task.dataset(train, batch_size=64), epochs=PASSES, verbose=0).history
for name in ("cluster_accuracy", "cluster_nmi", "smallest_cluster", "largest_cluster"):
    values = history[name]
    print(f"{name}: {values[0]:.3f} at first, {values[-1]:.3f} in the last pass")
agreement = normalized_mutual_info_score(train.labels, task.labels.numpy())
print(f"clusters and digits, which it never saw, agree to {agreement:.3f}")

# %% [markdown]
# ## Look at the clusters
#
# On the left images of the test set, and beside each one what the encoder puts
# into its cluster. Look for the ones that are wrong: which digits does it take
# for each other?

# %%
figure = task.draw(test.fetch(range(8)))
figure.savefig("clusters.png", dpi=100)

figure = Figure(figsize=(5, 3), layout="constrained")
axis = figure.subplots()
axis.plot(range(2, 2 + len(history["cluster_nmi"])), history["cluster_nmi"])
axis.set_xlabel("pass")
axis.set_ylabel("agreement with the clusters before (NMI)")
figure.savefig("cluster_changes.png", dpi=100)

# %% [markdown]
# ## What the features are worth
#
# The same encoder with random weights stands beside it, as always.


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return pretext.prepare(images).numpy(), source.labels


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(5,) if FAST else (1, 10, None),
    draws=1 if FAST else 3,
    methods=("knn", "linear_probe"),
    controls=("random",),
    progress=False,
)
print(comparison.to_markdown())

# %% [markdown]
# ## To go on
#
# - Try `num_clusters=10`. Does it find the ten digits?
# - Two things keep it from telling one cluster for all images: an empty cluster
#   gets a part of another, and small clusters count as much as large ones.
#   `smallest_cluster` and `largest_cluster` show whether that works.
# - `byol_moco_simclr.py` has ways to learn without clusters, and without
#   stopping to make them.
