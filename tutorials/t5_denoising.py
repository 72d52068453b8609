# %% [markdown]
# # T5: learn from text with holes
#
# T5 reads a text in which some spans of words are cut out and writes what was
# there. The encoder must understand what is left, the decoder must find the
# words. It needs text and no labels. We do it step by step at a small scale:
# look at the holes, train, let the model fill them, and measure what its
# encoder has learnt.

# %%
import os

import keras
import numpy as np
import tensorflow as tf

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The text
#
# The documentation of Python and some libraries, as installed here; a label
# says which library a paragraph is from. For **your own files** put
# `kerassl.data.TextSource("corpus/train")` here in place of `kerassl.data.docs`,
# and another such folder below where `held_out` is made. The last measurement
# wants labels: those are set where each folder has a subfolder for every class.

# %%
source = kerassl.data.docs("train", min_words=16)
rows = np.random.default_rng(0).permutation(len(source))[: 500 if FAST else 8000]
texts = [text.decode() for text in source.fetch(rows).numpy()]
tokenizer = kerassl.data.train_tokenizer(
    texts, vocabulary_size=800 if FAST else 4000, progress=False
)

# %% [markdown]
# ## The holes
#
# 15% of the tokens are hidden, in spans of 3 on average. Each span is replaced
# by a *sentinel*, a token that stands for "hole number i". The answer repeats
# each sentinel with the tokens that were there, and ends with one more and the end
# token.
#
# Sentinels are ids above those of the tokenizer, so the embedding needs
# `pretext.vocabulary_size` rows rather than `tokenizer.vocabulary_size()`.

# %%
pretext = kerassl.pretext.SpanCorruption(tokenizer, sequence_length=48)
figure = pretext.draw(tf.constant(texts[:4]), tf.constant([0, 1]))
figure.savefig("spans.png", dpi=100)

x, answer, asked = pretext(tf.constant(texts[:1]), tf.constant([0, 1]))
vocabulary = tokenizer.vocabulary_size()


def words(ids):
    shown = [int(i) for i in ids if i != tokenizer.pad_token_id]
    return " ".join(
        f"<{i - vocabulary}>" if i >= vocabulary else tokenizer.id_to_token(i)
        for i in shown
    )


print("encoder reads:", words(x["encoder_token_ids"][0]))
print("decoder writes:", words(answer[0]))

# %% [markdown]
# Nothing is lost: input and answer together are the text again.

# %%
(restored,) = pretext.recover(x, answer)
print("together:", tokenizer.detokenize(restored))

# %% [markdown]
# Other kinds of noise compose, and ask for the whole text (BART):

# %%
noisy = kerassl.pretext.NoisyText(
    tokenizer,
    sequence_length=48,
    noises=[
        kerassl.pretext.SentencePermutation(),
        kerassl.pretext.TokenDeletion(0.1),
        kerassl.pretext.TokenMasking(0.15),
    ],
)
noisy.draw(tf.constant(texts[:2]), tf.constant([0, 1])).savefig("noise.png", dpi=100)

# %% [markdown]
# ## Training
#
# `kerassl.encoders.t5` gives a KerasHub T5, encoder and decoder. The task
# trains both; `task.encoder` is the encoder alone, and what you keep. Adafactor
# is the paper's optimizer; a rate above its 0.01 suits so short a training.

# %%
backbone = kerassl.encoders.t5(
    pretext.vocabulary_size,
    num_layers=1 if FAST else 2,
    num_heads=2 if FAST else 4,
    hidden_dim=32 if FAST else 128,
    intermediate_dim=64 if FAST else 512,
    dropout=0.0,
)
task = kerassl.models.DenoisingSeq2Seq(backbone, pretext)
task.compile(keras.optimizers.Adafactor(0.03))
history = task.fit(
    task.dataset(texts, batch_size=32 if FAST else 16),
    steps_per_epoch=4 if FAST else 400,
    epochs=2 if FAST else 5,
    verbose=0,
)
print("loss:", ", ".join(f"{value:.3f}" for value in history.history["loss"]))

# %% [markdown]
# To judge the loss, know what the best guess without reading costs: the
# entropy of the tokens of the answers.

# %%
_, answers, asked = pretext(tf.constant(texts), tf.constant([0, 2]))
shares = np.bincount(answers.numpy()[asked.numpy() > 0])
shares = shares[shares > 0] / shares.sum()
print(f"entropy of the answers' tokens: {-np.sum(shares * np.log(shares)):.3f}")

# %% [markdown]
# ## Filling the holes
#
# `restore` corrupts texts, lets the decoder write the likeliest answer, and
# puts both together. A model this small finds frequent words at best.

# %%
for text, made in zip(texts[:2], task.restore(texts[:2]), strict=True):
    print(f"text:     {text[:150]}\nrestored: {made[:150]}\n")

# %% [markdown]
# ## What the encoder has learnt
#
# From which library is a paragraph? A linear probe on the mean of the frozen
# encoder's outputs, beside the same encoder with random weights.

# %%
held_out = kerassl.data.docs("test", min_words=16)


def prepared(source, chosen):
    x = pretext.prepare(source.fetch(chosen))
    return {name: value.numpy() for name, value in x.items()}, source.labels[chosen]


some = np.random.default_rng(1).permutation(len(held_out))[: 200 if FAST else 1000]
comparison = kerassl.transfer.compare(
    task.encoder,
    prepared(source, rows),
    prepared(held_out, some),
    labels_per_class=(5,) if FAST else (10, 50),
    draws=1 if FAST else 3,
    methods=("linear_probe",),
    controls=("random",),
    progress=False,
)
print(comparison.to_markdown())

# %% [markdown]
# The ± is the standard deviation over draws of the labels; a smaller
# difference than that proves nothing.
#
# ## To go on
#
# - `kerassl pretrain t5_tiny --data "corpus/*.txt"` does all of it from the
#   shell, and a stopped run goes on where it was.
# - `task.encoder.save("encoder.keras")` keeps the encoder; `task.save(...)`
#   the decoder too.
