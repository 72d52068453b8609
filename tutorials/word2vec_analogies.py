# %% [markdown]
# # Word vectors with word2vec
#
# Words that are used alike stand among the same words. word2vec makes vectors of
# that: each word learns to tell which words are around it, and words of like use
# end up near each other. What it has learnt can be asked for: the nearest words,
# and analogies, which are answered by adding and subtracting vectors.

# %%
import os
import pathlib

import keras
import numpy as np

import kerassl

# A quick run for testing; its results mean little.
FAST = os.environ.get("KERASSL_FAST") == "1"

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The texts
#
# The stand-in for your own text is the documentation of Python and of some of its
# libraries. For **your own**, one document a line, put
#
# ```python
# source = kerassl.data.TextSource("texts/*.txt")
# ```
#
# More text helps more than anything else: vectors worth using come from hundreds of
# millions of words.

# %%
source = kerassl.data.docs("test" if FAST else "train", min_words=16)
tokenizer = kerassl.data.train_tokenizer(source, "word", 50000, progress=False)
words = int(tokenizer.counts[5:].sum())
print(f"{len(source)} passages, {words:,} words")
print("the most frequent:", *tokenizer.get_vocabulary()[5:15])

# %% [markdown]
# ## What is asked
#
# `ContextWindow` drops most occurrences of the most frequent words, and draws how far
# each word looks. `draw` shows words, and around one of them those that it must tell.

# %%
pretext = kerassl.pretext.ContextWindow(tokenizer, sequence_length=256, window=5)
figure = pretext.draw(source.fetch([0, 1, 2]), seed=np.array([0, 0]))
figure.savefig("words_around.png", dpi=110)

# %% [markdown]
# ## Training
#
# `SkipGram` has two tables: the encoder's, which is kept, and a second for words as
# they appear around others. The loss starts at (1 + 5) ln 2, about 4.16.
# `RowAdagrad` takes small steps for frequent words and large ones for rare words.
# Replace `SkipGram` by `CBOW` to tell a word by the mean of those around it.

# %%
encoder = kerassl.encoders.word_vectors(tokenizer.vocabulary_size(), dim=100)
task = kerassl.models.SkipGram(encoder, pretext)
epochs = 1 if FAST else 15
dataset = task.dataset(source, batch_size=8 if FAST else 32)
rate = keras.optimizers.schedules.CosineDecay(0.3, epochs * dataset.steps_per_epoch)
task.compile(kerassl.optimizers.RowAdagrad(rate))
untrained = kerassl.transfer.WordVectors.of(task)
history = task.fit(dataset, epochs=epochs, verbose=0).history
print("nats a pair:", ", ".join(f"{loss:.3f}" for loss in history["loss"]))

# %% [markdown]
# ## The nearest words, before and after

# %%
vectors = kerassl.transfer.WordVectors.of(task)
ASKED = ("matrix", "file", "colour", "random", "three", "error", "minimum")
asked = [word for word in ASKED if word in vectors]
print("\n| word | before training | after |\n|---|---|---|")
for word in asked:
    cells = [
        ", ".join(near for near, _ in each.nearest(word, 5))
        for each in (untrained, vectors)
    ]
    print(f"| {word} | {cells[0]} | {cells[1]} |")

# %% [markdown]
# ## Analogies
#
# "row is to rows as column is to ?" is the word nearest to rows - row + column. Here
# the questions are about what such texts speak of: singular and plural, opposites,
# verbs. All words but the three are possible answers, so chance is near 0.

# %%
PAIRS = {
    "plural": "row rows|column columns|value values|object objects|file files|"
    "function functions|class classes|element elements|method methods|name names|"
    "string strings|array arrays|number numbers|axis axes|matrix matrices",
    "third person": "return returns|take takes|make makes|use uses|give gives|"
    "compute computes|call calls|contain contains|allow allows|represent represents",
    "past": "use used|call called|define defined|compute computed|raise raised|"
    "return returned|pass passed|specify specified|compare compared|ignore ignored",
    "opposite": "minimum maximum|min max|first last|left right|lower upper|"
    "read write|true false|positive negative|start end|open close",
}
print("\n| relation | right before | right after | questions |\n|---|---|---|---|")
for relation, line in PAIRS.items():
    pairs = [pair.split() for pair in line.split("|")]
    questions = [(*a, *b) for a in pairs for b in pairs if a != b]
    before, covered = untrained.analogy_accuracy(questions)
    after, _ = vectors.analogy_accuracy(questions)
    print(f"| {relation} | {before:.0%} | {after:.0%} | {covered} |")
for a, b, c in (("row", "rows", "column"), ("minimum", "maximum", "lower")):
    answers = ", ".join(word for word, _ in vectors.analogy(a, b, c, k=3))
    print(f"{a} is to {b} as {c} is to: {answers}")

# %% [markdown]
# ## The picture
#
# Some words with their nearest neighbours, laid out in two dimensions by t-SNE.

# %%
import matplotlib.pyplot as plt
from sklearn.manifold import TSNE

groups = {}
for word in asked:
    groups[word] = [word, *(near for near, _ in vectors.nearest(word, 12))]
shown = sorted({word for group in groups.values() for word in group})
unit = np.stack([vectors[word] / np.linalg.norm(vectors[word]) for word in shown])
places = TSNE(
    perplexity=min(10, len(shown) / 4), init="pca", metric="cosine", random_state=0
).fit_transform(unit)
at = dict(zip(shown, places, strict=True))

figure, ax = plt.subplots(figsize=(11, 8))
for number, (word, group) in enumerate(groups.items()):
    colour = f"C{number}"
    ax.scatter(
        *np.array([at[each] for each in group]).T, color=colour, s=12, label=word
    )
    for each in group:
        weight = "bold" if each == word else "normal"
        ax.annotate(each, at[each], color=colour, fontsize=9, weight=weight)
ax.legend(title="nearest to")
ax.set_axis_off()
ax.set_title("Words and their nearest neighbours")
figure.savefig("word_map.png", dpi=110, bbox_inches="tight")
print("\nThe picture is", pathlib.Path("word_map.png").resolve())

# %% [markdown]
# ## Sentences by their words
#
# The mean of a sentence's words, frequent ones weighted down, is a sentence encoder:
# a Keras model that saves, loads and is measured as any other. `texts=` takes the
# first principal component out of it, what all sentences have in common.

# %%
import tensorflow as tf

passages = [
    text.decode() for text in source.fetch(range(min(300, len(source)))).numpy()
]
encoder = task.sentence_encoder(smoothing=1e-3, texts=passages)
encoder.save("sentences.keras")


def unit_vectors(texts):
    x = {name: ids.numpy() for name, ids in pretext.prepare(tf.constant(texts)).items()}
    found = encoder.predict(x, verbose=0)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


stored = unit_vectors(passages)
for query in ("the largest of several numbers", "read a file line by line"):
    best = int((unit_vectors([query]) @ stored.T).argmax())
    print(f"{query}: {passages[best][:70]}")

# %% [markdown]
# ## Is it worth it?
#
# `WordSimilarity` compares the cosines with scores by people, beside vectors that
# are counted rather than trained (the SVD of PPMI, seconds) and random ones. Its
# first sentence is the verdict. The scores here are no people's: 1 for a word and
# its plural, 0 for words of two pairs. Take WordSim-353 or SimLex-999 for your own.

# %%
from kerassl.transfer.word_pairs import WordSimilarity

both = [pair.split() for pair in PAIRS["plural"].split("|")]
both = [(a, b) for a, b in both if a in vectors and b in vectors]
alike = [(a, b, 1) for a, b in both]
unlike = [(a, d, 0) for a, _ in both for _, d in both if (a, d) not in both]
asked_for = alike + unlike[: max(40, len(alike))]
if len(asked_for) >= 30:
    measure = WordSimilarity(
        [row[:2] for row in asked_for], [row[2] for row in asked_for]
    )
    print(measure(task, source, source).to_markdown())

# %% [markdown]
# ## To go on
#
# - `vectors.save_text("vectors.txt")` writes the format of the word2vec tool, which
#   most other libraries read.
# - `encoder.save("words.keras")`: a Keras model from token ids to vectors.
# - `kerassl pretrain word2vec_skipgram --data "texts/*.txt"` does all this in one call;
#   `kerassl show word2vec_skipgram` has figures beside gensim.
