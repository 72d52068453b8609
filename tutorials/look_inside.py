# %% [markdown]
# # Look inside an encoder
#
# A report says how good an encoder is, not what it looks at. Three pictures show
# something of that: which examples it takes for *alike*, which pixels or words its
# answer *depends on*, and from where its layers *read*.
#
# Such pictures persuade, and that is their danger: a map that outlines a digit looks
# like understanding, and a network that has learnt nothing may draw the same. So
# beside every map here stands that of the same network with random weights. What
# both show alike was not learnt.

# %%
import os

import keras
import numpy as np

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## Two runs
#
# SimCLR learns which two views are of one digit, and a small BERT which words are
# missing in the documentation of Python and of some of its libraries. Neither needs
# a download. For **your own** data give the path of a folder of images, or of text
# files, in the second place.

# %%
digits = kerassl.pretrain(
    "simclr_digits",
    out="look_inside/digits",
    steps=2 if FAST else 400,
    evaluate=False,
    progress=False,
)
texts = kerassl.pretrain(
    "bert_tiny",
    kerassl.data.docs("test" if FAST else "train", min_words=16),
    out="look_inside/texts",
    steps=2 if FAST else 2000,
    overrides={
        "tokenizer.vocabulary_size": 1000 if FAST else 4000,
        "encoder.vocabulary_size": 1000 if FAST else 4000,
        "encoder.max_sequence_length": 32,
        "pretext.sequence_length": 32,
    },
    evaluate=False,
    progress=False,
)

# %% [markdown]
# ## Which examples are alike
#
# Each row is a digit that the encoder has never seen, and the five that are nearest
# to it by the cosine of their features: green where they show the same digit, red
# where not. The errors say most. A 9 beside a 3 of the same slant tells that the
# encoder keeps the slant.
#
# The sentence above the table has two controls. A random network finds many right
# neighbours too, since pixels that are alike give features that are alike. And
# *hubness*, the skewness of how often each example is a neighbour, should be low:
# where a few examples are near to everything, a search finds these again and again.

# %%
unseen = kerassl.data.digits("test", size=8)
found = kerassl.explain(digits, unseen, kind="neighbours", count=6, progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("neighbours.png", dpi=150)

# %% [markdown]
# ## Which pixels it depends on
#
# A map of *saliency* is of one number, and one should say which. Here it is what
# SimCLR is trained for: the cosine of the features of two views of a digit, while the
# first view is varied. *Integrated gradients* share that number out to the pixels,
# red where a pixel raises it and blue where it lowers it. They are complete: the sum
# of a map is the cosine, less what a black image gives. The table shows both, so
# that you can see how nearly.
#
# Now compare the middle column with the right one. `ρ` is the rank correlation of the
# two maps. Near 1, the map shows where the strokes are, which you knew; only what
# differs can have been learnt. This is the sanity check of Adebayo and others.

# %%
found = kerassl.explain(digits, unseen, kind="saliency", progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("saliency_digits.png", dpi=150)

# %% [markdown]
# Does that depend on the kind of map? The same number, and four ways to map it:
# `gradient_times_input` looks at the image itself alone, `smooth_grad` averages the
# gradient over noisy copies, `occlusion` covers squares and needs no gradient. The
# table shows how far each agrees with the same map of the random network.
#
# `smooth_grad` is a plain gradient. In the other three the image itself is a factor:
# where it is black there is nothing to share out or to cover. So both networks' maps
# show the strokes, whatever the networks have learnt, and look the better for it.

# %%
task = digits.task
images = unseen.fetch(range(8))
control = kerassl.transfer.random_task(task, images)
WAYS = {
    "gradient times input": kerassl.transfer.gradient_times_input,
    "SmoothGrad": kerassl.transfer.smooth_grad,
    "integrated gradients": kerassl.transfer.integrated_gradients,
    "occlusion of 2 x 2": lambda f, x: kerassl.transfer.occlusion(f, x, size=2),
}


def maps(way, network):
    target = kerassl.transfer.saliency_target(network, images)
    found = way(target.function, target.x)
    return found.sum(-1) if found.ndim == 4 else found


print("| map | agreement with the random network |\n|---|---:|")
for name, way in WAYS.items():
    pairs = zip(maps(way, task), maps(way, control), strict=True)
    agreed = [kerassl.transfer.agreement(*pair) for pair in pairs]
    print(f"| {name} | {np.mean(agreed):.2f} ± {np.std(agreed):.2f} |")

# %% [markdown]
# ## Which words it depends on
#
# Of texts it is the embedded words that are varied, and the number is again the
# task's own: how probable the hidden words are. A red word helps to guess what stood
# at the `[MASK]`, a blue one misleads. Small words and the masks themselves often
# have the largest part: a network that knows little guesses by how frequent words
# are, and needs few others for that.

# %%
passages = kerassl.data.docs("test", min_words=16)
found = kerassl.explain(texts, passages, kind="saliency", count=3, progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("saliency_texts.png", dpi=150)

# %% [markdown]
# ## From where it reads
#
# The attention of one passage: in each little map a row is the token that reads, a
# column the token that is read. Columns that are dark from top to bottom are tokens
# that all others read, often `[CLS]`, `[SEP]` or a full stop: a place to rest where a
# head has nothing to do. Diagonals beside the main one are heads that read the next
# word or the one before.
#
# The last column is the *rollout*: attention multiplied up over the layers, with the
# residual connections. The last row is the network with random weights.

# %%
found = kerassl.explain(texts, passages, kind="attention", progress=False)
print(found.to_markdown())
figure = found.figure()
figure.savefig("attention.png", dpi=150)

# %% [markdown]
# The numbers behind it are an array, (examples, layers, heads, queries, keys), to
# count with. How far do the heads look, in tokens?

# %%
task = texts.task
x = task.pretext.prepare(passages.fetch(range(16)))
weights = kerassl.transfer.attention_weights(task.encoder, x)
length = weights.shape[-1]
distance = np.abs(np.arange(length)[:, None] - np.arange(length))
is_token = x["padding_mask"].numpy()[:, None, None, :]
reach = (weights * distance).sum(-1)
reach = (reach * is_token).sum((0, 3)) / is_token.sum((0, 3))
print("| layer | " + " | ".join(f"head {i + 1}" for i in range(reach.shape[1])) + " |")
print("|---" * (reach.shape[1] + 1) + "|")
for layer, row in enumerate(reach):
    print(f"| {layer + 1} | " + " | ".join(f"{value:.1f}" for value in row) + " |")

# %% [markdown]
# ## What these pictures can tell, and what not
#
# - **Neighbours** show what the features hold together. They are the safest of the
#   three: a neighbour is an example, and you see for yourself whether it is right.
# - **Saliency** says how one number moves when the input does. It says nothing of why,
#   and its baseline, a black image or an embedding of zeros, is a choice: to a network
#   that never saw black images, what it makes of them means little.
# - **Attention** says from where states are read, not what the answer depends on. In
#   all layers but the first a state is a mixture of many tokens already. Jain and
#   Wallace give models other attention, and their answers stay as they were.
# - **The random network** is a test that a map can fail, none that it can pass. A map
#   that differs need not be right.
#
# So use them to find a suspicion, such as an encoder that looks at the border of all
# images, and then test that: cover the border, take the word out, measure again.
#
# ## To go on
#
# - On the command line: `kerassl explain look_inside/texts --kind attention --out
#   attention.png`, and `--data` for your own examples.
# - `kerassl.transfer.attention_weights` takes the encoders of KerasHub too: BERT,
#   ELECTRA, GPT-2, T5, BART, ViT. Over the patches of a `ViTBackbone` the picture of
#   `kerassl explain` lies on the image.
# - Abnar & Zuidema, 2020, *Quantifying Attention Flow in Transformers*; Sundararajan
#   and others, 2017, *Axiomatic Attribution for Deep Networks*; Smilkov and others,
#   2017, *SmoothGrad*; Adebayo and others, 2018, *Sanity Checks for Saliency Maps*;
#   Jain & Wallace, 2019, *Attention is not Explanation*.
