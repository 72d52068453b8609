# %% [markdown]
# # BERT for your own text
#
# BERT learns a language by filling gaps: some words of a passage are hidden,
# and the encoder must tell from the others what they were. It needs text and
# no labels. Then a little labelled text is enough to teach it a task.
#
# We do all of it from nothing and at a small scale: train a tokenizer, pretrain
# a small encoder, fine-tune it as a classifier, and measure whether the
# pretraining was worth it.

# %%
import os
import pathlib
import zipfile

import keras
import keras_hub
import numpy as np
import tensorflow as tf

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The text
#
# The stand-in for your own text is the documentation of Python and of some of
# its libraries, as installed on this computer: each example is a paragraph, and
# its label says which library it is from. For **your own files** put
#
# ```python
# texts = kerassl.data.TextSource("corpus/**/*.txt")
# ```
#
# in place of `texts`, one document a line (`unit="file"` for one a file). The
# labelled texts can be any list of strings with an integer label each.
#
# Where the environment variable `KERASSL_DATA` names a folder that holds
# `nltk/movie_reviews.zip`, 2,000 film reviews are used instead, and the task is
# to tell good reviews from bad ones.


# %%
def documentation():
    """Returns unlabelled texts, (texts, labels) to train and to test, names."""
    train, test = kerassl.data.docs("train"), kerassl.data.docs("test")

    def some(source, count):
        rows = np.random.default_rng(0).permutation(len(source))[:count]
        texts = [text.decode() for text in source.fetch(rows).numpy()]
        return texts, source.labels[rows]

    labelled = some(train, 600 if FAST else 6000)
    texts, _ = some(train, 600 if FAST else len(train))
    return texts, labelled, some(test, 200 if FAST else 1000), train.class_names


def film_reviews(archive_path):
    """Returns the same of film reviews; the last fifth of them is for testing."""
    sets = {"train": ([], []), "test": ([], [])}
    with zipfile.ZipFile(archive_path) as archive:
        for label, folder in enumerate(("neg", "pos")):
            names = sorted(n for n in archive.namelist() if f"/{folder}/" in n)
            names = [name for name in names if name.endswith(".txt")]
            for i, name in enumerate(names):
                part = sets["test" if i >= 0.8 * len(names) else "train"]
                part[0].append(archive.read(name).decode("utf-8", "replace"))
                part[1].append(label)
    (reviews, labels), (test_reviews, test_labels) = sets["train"], sets["test"]
    # A line is a sentence here. Pretraining reads the training reviews only.
    lines = [line.strip() for text in reviews for line in text.splitlines()]
    lines = [line for line in lines if len(line) > 20]
    train, test = (reviews, np.array(labels)), (test_reviews, np.array(test_labels))
    if FAST:
        lines = lines[:600]
    return lines, train, test, ("bad", "good")


archive_path = pathlib.Path(
    os.environ.get("KERASSL_DATA") or ".", "nltk", "movie_reviews.zip"
)
if archive_path.exists():
    texts, train, test, class_names = film_reviews(archive_path)
else:
    texts, train, test, class_names = documentation()
print(f"{len(texts)} texts without labels; classes: {', '.join(class_names)}")

# %% [markdown]
# ## The tokenizer
#
# It cuts text into pieces from a fixed vocabulary: frequent words stay whole,
# rare ones fall apart. Train it on the text you will use.

# %%
tokenizer = kerassl.data.train_tokenizer(
    texts, vocabulary_size=1000 if FAST else 4000, progress=False
)
pieces = tokenizer(texts[0][:120])
print(texts[0][:120])
print(" ".join(tokenizer.id_to_token(int(i)) for i in pieces))

# %% [markdown]
# ## Look at the gaps
#
# 15% of the pieces are chosen. Most of them are hidden by [MASK], some are
# replaced by a random piece and some are left as they are; all must be told.
# The picture shows the chosen pieces in colour and the answers below them.

# %%
LENGTH = 64
pretext = kerassl.pretext.MaskedTokens(tokenizer, sequence_length=LENGTH)
figure = pretext.draw(tf.constant(texts[:4]), tf.constant([0, 1]))
figure.savefig("masked_text.png", dpi=100)

# %% [markdown]
# ## Pretraining
#
# Any text backbone of KerasHub will do; this one is small enough for a laptop.
# `accuracy` is the share of chosen pieces that are restored. To judge it, know
# what guessing gives: always saying the most frequent piece.

# %%
encoder = keras_hub.models.BertBackbone(
    tokenizer.vocabulary_size(),
    num_layers=2,
    num_heads=2 if FAST else 4,
    hidden_dim=32 if FAST else 128,
    intermediate_dim=64 if FAST else 512,
    max_sequence_length=LENGTH,
)
task = kerassl.models.MaskedLM(encoder, pretext)
STEPS, EPOCHS = (4, 2) if FAST else (100, 5)
rate = keras.optimizers.schedules.CosineDecay(
    0.0, STEPS * EPOCHS, warmup_target=0.002, warmup_steps=STEPS * EPOCHS // 10
)
task.compile(keras.optimizers.AdamW(rate, weight_decay=0.01))
history = task.fit(
    task.dataset(texts, batch_size=32 if FAST else 64),
    steps_per_epoch=STEPS,
    epochs=EPOCHS,
    verbose=0,
)
for name, values in history.history.items():
    shown = ", ".join(f"{value:.3f}" for value in values)
    print(f"{name} every {STEPS} steps: {shown}")

_, targets, used = pretext(tf.constant(texts[:500]), tf.constant([0, 2]))
counts = np.bincount(targets.numpy()[used.numpy() > 0])
print(f"always guessing the most frequent piece: {counts.max() / counts.sum():.3f}")

# %% [markdown]
# ## Fine-tuning as a classifier
#
# `prepare` turns texts into encoder inputs with nothing hidden (a text longer
# than the encoder is cut). `compare` measures the pretrained encoder beside
# the same encoder with random weights, given the same labels and the same
# training. The *linear probe* keeps the encoder frozen, *fine-tuning* trains
# all of it.


# %%
def inputs_and_labels(pair):
    x = pretext.prepare(tf.constant(pair[0]))
    return {name: value.numpy() for name, value in x.items()}, pair[1]


comparison = kerassl.transfer.compare(
    task.encoder,
    inputs_and_labels(train),
    inputs_and_labels(test),
    labels_per_class=(5,) if FAST else (20, 200),
    draws=1 if FAST else 3,
    methods=("linear_probe", "fine_tune"),
    controls=("random",),
    fine_tune_options={"steps": 5} if FAST else {"steps": 100, "learning_rate": 5e-4},
    progress=False,
)
share = np.bincount(test[1]).max() / len(test[1])
print(f"always naming the most frequent class: {100 * share:.1f}%\n")
print(comparison.to_markdown())

# %% [markdown]
# The ± is the standard deviation over draws of the labelled texts; a smaller
# difference than that proves nothing. This encoder is tiny, and BERT has seen
# thousands of times as much text: more text and more steps help most.
#
# ## To go on
#
# - Raise `EPOCHS` and follow the accuracy of the gaps and of the classifier.
# - Start from a pretrained encoder instead:
#   `encoder, tokenizer = kerassl.encoders.from_preset(name)`, then go on with
#   `MaskedTokens(tokenizer)` on your own text.
# - Save tokenizer and encoder: `kerassl.data.save_tokenizer(tokenizer, "bert")`
#   and `task.encoder.save("bert/encoder.keras")`.
