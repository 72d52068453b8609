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
# source = kerassl.data.TextSource("corpus/**/*.txt")
# texts = [text.decode() for text in source.fetch(range(len(source))).numpy()]
# ```
#
# after the texts are chosen, one document a line (`unit="file"` for one a file).
# The labelled texts, `train` and `test`, can be any list of strings with an
# integer label each.
#
# Where the environment variable `KERASSL_DATA` names a folder with film reviews
# (`nltk/movie_reviews.zip`) and with sentences that are labelled good or bad
# (`sent_cls/stsa.binary.*`), these are used instead: BERT reads the reviews, and
# the task is to tell good sentences from bad ones.


# %%
def documentation():
    """Returns unlabelled texts, (texts, labels) to train and to test, names."""
    train, test = kerassl.data.docs("train"), kerassl.data.docs("test")

    def some(source, count):
        rows = np.random.default_rng(0).permutation(len(source))[:count]
        texts = [text.decode() for text in source.fetch(rows).numpy()]
        return texts, source.labels[rows]

    texts, _ = some(train, len(train))
    return texts, some(train, 6000), some(test, 1000), train.class_names


def film_reviews(folder):
    """Returns the same of film reviews and of sentences about films."""
    passages, words = [], []
    with zipfile.ZipFile(folder / "nltk" / "movie_reviews.zip") as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith(".txt"):
                continue
            for line in archive.read(name).decode("utf-8", "replace").splitlines():
                words += line.split()
                # A line is a sentence; some of them fill a row of the encoder.
                if len(words) >= 25:
                    passages.append(" ".join(words))
                    words = []
    labelled = []
    for part in ("train", "test"):
        text = (folder / "sent_cls" / f"stsa.binary.{part}").read_text("utf-8")
        pairs = [line.split(" ", 1) for line in text.splitlines() if line]
        labels = np.array([int(label) for label, _ in pairs])
        labelled.append(([sentence for _, sentence in pairs], labels))
    return passages, *labelled, ("bad", "good")


folder = pathlib.Path(os.environ.get("KERASSL_DATA") or "no folder")
if (folder / "nltk" / "movie_reviews.zip").exists():
    texts, train, test, class_names = film_reviews(folder)
else:
    texts, train, test, class_names = documentation()
if FAST:
    texts = texts[:600]
    train, test = ([part[:200] for part in pair] for pair in (train, test))
print(f"{len(texts)} texts without labels; classes: {', '.join(class_names)}")

# %% [markdown]
# ## The tokenizer
#
# It cuts text into pieces from a fixed vocabulary: frequent words stay whole,
# rare ones fall apart. Train it on the text you will use.

# %%
tokenizer = kerassl.data.train_tokenizer(
    texts, vocabulary_size=1000 if FAST else 8000, progress=False
)
pieces = tokenizer(texts[0][:120])
print(texts[0][:120])
print(" ".join(tokenizer.id_to_token(int(i)) for i in pieces))

# %% [markdown]
# ## Look at the gaps
#
# A part of the pieces is chosen. Most of them are hidden by [MASK], some are
# replaced by a random piece and some are left as they are; all must be told.
# The picture shows the chosen pieces in colour and the answers below them.
# BERT chooses 15%. So short a training learns more from 40%: each text then asks
# more than twice as many questions.

# %%
LENGTH = 32
pretext = kerassl.pretext.MaskedTokens(tokenizer, LENGTH, mask_rate=0.4)
figure = pretext.draw(tf.constant(texts[:4]), tf.constant([0, 1]))
figure.savefig("masked_text.png", dpi=100)

# %% [markdown]
# ## Pretraining
#
# Any text backbone of KerasHub will do; this one is small enough for a laptop.
# `accuracy` is the share of chosen pieces that are restored. To judge it, know
# what guessing gives: always saying the most frequent piece. Be patient: for the
# first tenth of the training the encoder learns no more than how frequent each
# piece is, and only then to use the pieces around a gap. It takes about a quarter
# of an hour.

# %%
encoder = keras_hub.models.BertBackbone(
    tokenizer.vocabulary_size(),
    num_layers=2,
    num_heads=2 if FAST else 4,
    hidden_dim=32 if FAST else 128,
    intermediate_dim=64 if FAST else 256,
    dropout=0.0,  # minutes of training do not overfit
    max_sequence_length=LENGTH,
)
task = kerassl.models.MaskedLM(encoder, pretext)
STEPS, EPOCHS = (4, 2) if FAST else (900, 10)
rate = keras.optimizers.schedules.CosineDecay(
    0.0, STEPS * EPOCHS, warmup_target=0.0015, warmup_steps=STEPS * EPOCHS // 30
)
task.compile(keras.optimizers.AdamW(rate, weight_decay=0.01, global_clipnorm=1.0))
task.fit(
    task.dataset(texts, batch_size=32 if FAST else 64),
    steps_per_epoch=STEPS,
    epochs=EPOCHS,
    verbose=2,  # a line for each tenth of the training
)

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
    labels_per_class=(5,) if FAST else (20, 100),
    draws=1 if FAST else 5,
    methods=("linear_probe", "fine_tune"),
    controls=("random",),
    pooling="mean",
    # So few labels are all trained on, with steps and rate that are fixed: the
    # few that could be held out to choose them would choose badly.
    fine_tune_options={
        "validation": None,
        "steps": 5 if FAST else 100,
        "learning_rate": 5e-4,
    },
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
