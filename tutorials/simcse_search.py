# %% [markdown]
# # Sentence search with SimCSE
#
# A search by meaning needs a vector for every sentence, near for sentences that
# mean the same. SimCSE makes an encoder give such vectors without a single pair
# or label: each sentence passes twice, dropout drops other units each time, and
# the encoder learns to tell the sentence's second vector from those of others.

# %%
import os
import pathlib

import keras
import keras_hub
import numpy as np
import tensorflow as tf

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"
LENGTH = 32

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The sentences
#
# The stand-in for your own text is the documentation of Python and of some of its
# libraries. For **your own**, one sentence a line, put
#
# ```python
# source = kerassl.data.TextSource("sentences/*.txt")
# ```

# %%
source = kerassl.data.docs("test" if FAST else "train")
rows = np.random.default_rng(0).permutation(len(source))[: 300 if FAST else 6000]
texts = [text.decode() for text in source.fetch(rows).numpy()]
print(f"{len(texts)} passages, such as: {texts[0][:70]}")

# %% [markdown]
# ## An encoder that knows words
#
# SimCSE spreads what an encoder knows already; a random one knows nothing. Take
# published weights where you can. Set `WEIGHTS` to a KerasHub preset such as
# `"bert_base_en_uncased"` (downloaded) or to a local Hugging Face folder. Where the
# environment variable `KERASSL_DATA` names a folder with `weights/minilm_l6`, that
# is taken. Otherwise a small encoder learns words here, by masked language
# modelling, which takes some minutes and gives a poor search.

# %%
folder = pathlib.Path(os.environ.get("KERASSL_DATA") or ".", "weights", "minilm_l6")
WEIGHTS = str(folder) if folder.exists() and not FAST else None


def learn_words():
    """Returns (encoder, tokenizer) after some masked language modelling."""
    tokenizer = kerassl.data.train_tokenizer(
        texts, vocabulary_size=800 if FAST else 4000, progress=False
    )
    encoder = keras_hub.models.BertBackbone(
        tokenizer.vocabulary_size(),
        num_layers=1 if FAST else 2,
        num_heads=2,
        hidden_dim=32 if FAST else 128,
        intermediate_dim=64 if FAST else 512,
        max_sequence_length=LENGTH,
    )
    task = kerassl.models.MaskedLM(encoder, kerassl.pretext.MaskedTokens(tokenizer, 32))
    task.compile(keras.optimizers.AdamW(0.002), jit_compile=not FAST)
    task.fit(
        task.dataset(texts, batch_size=64),
        steps_per_epoch=4 if FAST else 500,
        verbose=0,
    )
    return encoder, tokenizer


if WEIGHTS:
    encoder, tokenizer = kerassl.encoders.from_preset(WEIGHTS)
else:
    encoder, tokenizer = learn_words()

# %% [markdown]
# ## Search before and after
#
# `sentence_encoder()` gives the Keras model from tokens to the sentence's vector;
# the best answers are those with the largest cosine. The vector is that of the
# first token, as in the paper.

# %%
pretext = kerassl.pretext.Tokens(tokenizer, sequence_length=LENGTH)
task = kerassl.models.SimCSE(encoder, pretext)

QUERIES = (
    "how do I open a file for reading",
    "draw a bar chart",
    "the inverse of a matrix",
)


def vectors(sentences):
    model, x = task.sentence_encoder(), pretext.prepare(tf.constant(sentences))
    x = {name: x[name] for name in model.input}
    found = model.predict(x, batch_size=128, verbose=0)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


corpus = texts[:300] if FAST else texts[:2000]


def search():
    """Returns the best answer to each query, and how evenly vectors spread."""
    stored = vectors(corpus)
    best = (vectors(QUERIES) @ stored.T).argmax(axis=1)
    return [corpus[i] for i in best], float(kerassl.metrics.uniformity(stored))


before, uniformity_before = search()

# %% [markdown]
# ## SimCSE
#
# A low learning rate and a short training, as the encoder should keep what it
# knows. `contrastive_accuracy` soon is near 1; the falling `uniformity` says
# that the vectors, which crowded together, now use the space.

# %%
task.compile(keras.optimizers.AdamW(5e-5), jit_compile=not FAST)
history = task.fit(
    task.dataset(texts, batch_size=32 if FAST else 48),
    epochs=2 if FAST else 4,
    steps_per_epoch=2 if FAST else 10,
    verbose=0,
).history
for name, values in history.items():
    print(f"{name}: " + ", ".join(f"{value:.3f}" for value in values))

after, uniformity_after = search()

# %% [markdown]
# ## The table

# %%
print(f"\nuniformity: {uniformity_before:.2f} before, {uniformity_after:.2f} after")
print("| query | before | after |\n|---|---|---|")
for row in zip(QUERIES, before, after, strict=True):
    print("| " + " | ".join(cell[:60].replace("|", "/") for cell in row) + " |")

# %% [markdown]
# ## The same search without any training
#
# Three queries prove nothing, and a search by letters and rare words is hard to beat.
# `spelled_words` makes such vectors: words that are spelt alike are near each other,
# and the mean of a sentence's words is near to its TF-IDF of letters. With trained
# word vectors, `SkipGram(...).sentence_encoder()` gives another mean.

# %%
words = kerassl.data.train_tokenizer(texts, "word", 50000, progress=False)
spelled = kerassl.models.SimCSE(
    kerassl.encoders.spelled_words(words, word_dropout=0.1),
    kerassl.pretext.Tokens(words, sequence_length=LENGTH),
    pooler="mean",
)
task, pretext = spelled, spelled.pretext
by_spelling, _ = search()
print("\n| query | by spelling |\n|---|---|")
for query, answer in zip(QUERIES, by_spelling, strict=True):
    print(f"| {query} | {answer[:60].replace('|', '/')} |")

# %% [markdown]
# `kerassl.transfer.SentenceSimilarity` is the judge: it compares the vectors with
# scores by people, for pairs of your own sentences or a benchmark such as STS, beside
# TF-IDF of words and of letters, and its first sentence says whether the training
# was worth it. `kerassl show simcse_tiny` has such figures.
#
# ## To go on
#
# - More sentences and more steps: the paper takes a million of them, once.
# - `pooler="mean"` averages the tokens instead; sentence encoders that are
#   published are often made for that.
# - Save it for use: `task.sentence_encoder().save("search.keras")`.
