# %% [markdown]
# # SimCLR, MoCo and BYOL side by side
#
# All three make two random views of each image and want similar features for
# both. They differ in what keeps the features of *different* images apart:
#
# - **SimCLR** pushes a view away from all other views of its batch, so it wants
#   large batches.
# - **MoCo** pushes it away from a queue of views of earlier batches. These come
#   from a *momentum encoder*, a slow copy of the encoder, so that old and new
#   ones stay comparable.
# - **BYOL** pushes nothing away. A small network, the predictor, guesses what a
#   slow copy of the encoder gives for the other view.
#
# BYOL's loss would be perfect if all images had the same features. That is a
# *collapse*, and the loss does not show it. This tutorial trains the three on
# small digits (no download), watches for a collapse, and then provokes one.

# %%
import os
import warnings

import keras
from matplotlib.figure import Figure

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"
EPOCHS = 2 if FAST else 60
BATCH_SIZE = 256

# %% [markdown]
# ## Images and views
#
# For your own folder use `kerassl.data.ImageFolder("photos", size=96)` and
# larger layers, as the tutorial on SimCLR says.

# %%
train = kerassl.data.digits()
test = kerassl.data.digits("test")
STEPS = EPOCHS * (len(train) // BATCH_SIZE)


def new_encoder():
    return kerassl.encoders.resnet((8, 8, 1), depths=(1, 1), widths=(32, 64))


def new_views():
    return kerassl.pretext.TwoViews(
        8, crop_scale=(0.6, 1.0), flip_rate=0.0, color_strength=0.5, blur_rate=0.0
    )


# %% [markdown]
# ## The three tasks
#
# Both slow copies keep 99.9 % (MoCo) and 99.6 % (BYOL) of themselves in each
# step of the papers' trainings. Ours have only 300 steps, so the copies must
# follow faster. BYOL wants to know the number of steps beforehand, since its
# copy slows down until it stands still in the last one.


# %%
def new_tasks():
    return {
        "SimCLR": kerassl.models.SimCLR(
            new_encoder(), new_views(), projection_dim=32, temperature=0.2
        ),
        "MoCo": kerassl.models.MoCo(
            new_encoder(), new_views(), projection_dim=32, queue_size=512, momentum=0.99
        ),
        "BYOL": new_byol(),
    }


def new_byol(base_tau=0.9):
    return kerassl.models.BYOL(
        new_encoder(),
        new_views(),
        total_steps=STEPS,
        projection_dim=32,
        hidden_dim=128,
        base_tau=base_tau,
    )


# %% [markdown]
# ## Training under watch
#
# `CollapseMonitor` measures the features of some held-out images at the end of
# each epoch:
#
# - `effective_rank`: how many dimensions the features use, 1 in a collapse.
# - `embedding_std`: how far features of different images differ, 0 in a
#   collapse.
#
# It gives a warning if a measure stays near nothing. The losses of the three
# cannot be compared with each other: they measure different things.

# %%
watched = new_views().prepare(test.fetch(range(256))).numpy()


def train_task(task, learning_rate=0.002):
    task.compile(keras.optimizers.Adam(learning_rate))
    history = task.fit(
        task.dataset(train, batch_size=BATCH_SIZE),
        epochs=EPOCHS,
        callbacks=[kerassl.callbacks.CollapseMonitor(watched)],
        verbose=0,
    )
    return history.history


keras.utils.set_random_seed(0)
tasks = new_tasks()
histories = {name: train_task(task) for name, task in tasks.items()}

# %% [markdown]
# ## A collapse, on purpose
#
# BYOL stands on its predictor: it must learn, and faster than the slow copy
# moves. We take that away: the predictor stays at its random start, and the
# copy follows at once. Watch the measures, not the loss. Whether and how fast
# the features go depends on the run; the warning comes if they do.

# %%
keras.utils.set_random_seed(0)
broken = new_byol(base_tau=0.0)
broken.predictor.trainable = False
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    histories["BYOL, broken"] = train_task(broken)
for warning in caught:
    print(warning.message)

# %% [markdown]
# ## The measures over time

# %%
figure = Figure(figsize=(12, 3.6), layout="constrained")
axes = figure.subplots(1, 3)
for axis, measure in zip(
    axes, ("loss", "effective_rank", "embedding_std"), strict=True
):
    for name, history in histories.items():
        axis.plot(range(1, EPOCHS + 1), history[measure], label=name)
    axis.set_title(measure)
    axis.set_xlabel("epoch")
axes[0].legend(frameon=False)
figure.savefig("collapse.png", dpi=100)

# %% [markdown]
# ## What the encoders are worth
#
# The accuracy of nearest neighbours and of a linear probe on frozen features,
# with ten labels of each digit, beside the same encoder at random weights. The
# ± is the standard deviation over draws of the labelled images; with one
# pretraining each, small differences between the methods say little.


# %%
def inputs_and_labels(source):
    images = source.fetch(range(len(source)))
    return new_views().prepare(images).numpy(), source.labels


def compare(encoder, controls=()):
    return kerassl.transfer.compare(
        encoder,
        inputs_and_labels(train),
        inputs_and_labels(test),
        labels_per_class=(10,),
        draws=1 if FAST else 3,
        methods=("knn", "linear_probe"),
        controls=controls,
        progress=False,
    )


def row(name, comparison, encoder="pretrained"):
    cells = [comparison.row(encoder, method, 10) for method in ("knn", "linear_probe")]
    shown = [f"{100 * cell['mean']:.1f} ± {100 * cell['std']:.1f}" for cell in cells]
    return f"| {name} | {' | '.join(shown)} |"


print("| encoder | kNN | linear probe |")
print("| --- | --- | --- |")
for number, (name, task) in enumerate({**tasks, "BYOL, broken": broken}.items()):
    comparison = compare(task.encoder, controls=() if number else ("random",))
    if not number:
        print(row("random weights", comparison, "random"))
    print(row(name, comparison))

# %% [markdown]
# ## To go on
#
# - Train MoCo with `momentum=0.5`. New keys then differ from the queue's by their
#   age alone: the loss stays near log(513) = 6.2 and the features are worse.
# - Give BYOL `base_tau=0.0` but let its predictor learn.
# - The product is `task.encoder`, a plain Keras model, in all three:
#   `task.encoder.save("encoder.keras")`.
