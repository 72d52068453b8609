# %% [markdown]
# # A GPT for your own text
#
# GPT learns a language by telling, at every word, the next one. It needs text
# and no labels, and afterwards it can write on from a beginning you give it.
#
# We do it from nothing and at a small scale: train a tokenizer, look at what
# the decoder is asked, train it, measure it in bits per byte, and let it write.

# %%
import os

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
# its libraries, as installed on this computer. For **your own files** put
#
# ```python
# kerassl.data.TextSource("corpus/train/*.txt")
# ```
#
# in place of `kerassl.data.docs("train")`, one document a line (`unit="file"`
# for one a file), and files kept aside in place of `kerassl.data.docs("test")`.


# %%
def some(source, count):
    rows = np.random.default_rng(0).permutation(len(source))[:count]
    return [text.decode() for text in source.fetch(rows).numpy()]


texts = some(kerassl.data.docs("train"), 800 if FAST else 20_000)
held_out = some(kerassl.data.docs("test"), 50 if FAST else 500)
print(f"{len(texts)} texts to train on, {len(held_out)} to measure on")

# %% [markdown]
# ## The tokenizer
#
# Byte-level BPE starts from the 256 bytes and merges what is often side by
# side. It can spell any text in any language, and loses nothing of it.

# %%
tokenizer = kerassl.data.train_tokenizer(
    texts, "bpe", vocabulary_size=600 if FAST else 4000, progress=False
)
pieces = [int(i) for i in tokenizer(held_out[0])]
print(len(held_out[0].encode()), "bytes are", len(pieces), "tokens")
assert tokenizer.detokenize([pieces]) == [held_out[0]]

# %% [markdown]
# ## Look at the task
#
# In the picture each token stands above the one to tell from it and all before
# it. For training, the texts are joined to one long stream, an end-of-text
# token between any two, and cut into windows: nothing is padded.

# %%
LENGTH = 32 if FAST else 128
pretext = kerassl.pretext.NextToken(tokenizer, sequence_length=LENGTH)
figure = pretext.draw(tf.constant(held_out[:3]), tf.constant([0, 1]))
figure.savefig("next_token.png", dpi=100)

# %% [markdown]
# ## Training
#
# Any causal backbone of KerasHub will do. `isolate_documents` keeps the texts
# in a window from seeing each other. A larger corpus is best tokenised once,
# by `kerassl prepare`; `task.dataset("shards/")` then reads it from disk.

# %%
encoder = keras_hub.models.GPT2Backbone(
    tokenizer.vocabulary_size(),
    num_layers=1 if FAST else 3,
    num_heads=2 if FAST else 4,
    hidden_dim=32 if FAST else 128,
    intermediate_dim=64 if FAST else 512,
    dropout=0.0,
    max_sequence_length=LENGTH,
)
task = kerassl.models.CausalLM(encoder, pretext, isolate_documents=True)
before = kerassl.transfer.perplexity(task, held_out, train_texts=texts)

STEPS, EPOCHS = (5, 2) if FAST else (100, 8)
rate = keras.optimizers.schedules.CosineDecay(
    0.0, STEPS * EPOCHS, warmup_target=0.003, warmup_steps=STEPS * EPOCHS // 20
)
task.compile(keras.optimizers.AdamW(rate, weight_decay=0.1, global_clipnorm=1.0))
history = task.fit(
    task.dataset(texts, batch_size=16), steps_per_epoch=STEPS, epochs=EPOCHS, verbose=0
)
shown = ", ".join(f"{value:.2f}" for value in history.history["loss"])
print(f"nats a token, every {STEPS} steps: {shown}")

# %% [markdown]
# ## Measure
#
# Bits per byte say how short the text could be written with the model's help.
# They can be compared across tokenizers, which perplexities cannot. A unigram
# model, which knows how frequent each token is and nothing more, stands beside.

# %%
after = kerassl.transfer.perplexity(task, held_out, train_texts=texts)
print("| model | bits per byte |\n|---|---|")
print(f"| random weights | {before.bits_per_byte:.3f} |")
print(f"| unigram | {after.unigram_bits_per_byte:.3f} |")
print(f"| trained | {after.bits_per_byte:.3f} |")

# %% [markdown]
# ## Let it write
#
# `"greedy"` takes the likeliest token each time and soon repeats itself; a
# sampler draws among the likeliest.

# %%
sampler = keras_hub.samplers.TopKSampler(10, seed=0)
for prompt in ("Return the", "The number of"):
    print(repr(task.generate(prompt, max_length=min(LENGTH, 48), sampler=sampler)))

# %% [markdown]
# The model is tiny and has seen very little: expect the sound of documentation
# rather than sense.
#
# ## To go on
#
# - Raise `EPOCHS`, and give more text; both help until the held-out bits rise.
# - `kerassl pretrain gpt2_tiny --data "corpus/*.txt"` does all this with resume
#   and a report.
# - Start from a pretrained decoder: `kerassl.encoders.from_preset(name)`.
