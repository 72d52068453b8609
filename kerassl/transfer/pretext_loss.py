"""How well a task does on held-out examples what it was trained to do."""

import keras
import numpy as np

from kerassl import distribute
from kerassl.transfer.copies import random_copy
from kerassl.transfer.held_out import (
    JudgedResult,
    batches_of,
    part_means,
    some_of,
    unreadable,
)
from kerassl.transfer.measure import Measure
from kerassl.transfer.verdict import verdict

# Examples that are read, at most.
EXAMPLES = 1000
BATCH = 64


class PretextLoss(Measure):
    """Measures a task's own loss on examples kept out of training.

    For every task that no other measure knows. Beside the loss and the measures of
    the trained task stand those of the same task at random initialisation, the loss at
    chance where the task states it (`loss_at_chance`), and that of a guess without
    a network where it measures one (`baselines`). There are at most 1,000 examples,
    drawn with the seed, and masks and views are the same for all.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = data.train_tokenizer(texts, "word")
        >>> encoder = encoders.word_vectors(tokenizer.vocabulary_size(), dim=8)
        >>> task = models.SkipGram(encoder, pretext.ContextWindow(
        ...     tokenizer, 16, subsampling=0))
        >>> sets = data.ArraySource(texts[:12]), data.ArraySource(texts[12:])
        >>> [row["model"] for row in PretextLoss()(task, *sets).rows]
        ['chance', 'random', 'this one']
    """

    name = "pretext"
    unseen = True
    fallback = True
    heading = "The pretext task on examples kept out of training:"

    def __call__(self, task, train, test, *, seed=0, progress=True):
        distribute.read_state(task)
        test = some_of(test, EXAMPLES, seed)
        found, sizes = {}, []
        for name, each in ("random", random_copy(task, seed)), ("this one", task):
            # Made anew rather than kept: batches of views may be large. And by the
            # task: of its copy the tokenizer has no vocabulary.
            batches = batches_of(task, test, batch_size=BATCH, seed=seed)
            sizes, found[name] = _values(each, batches)
        empty = dict.fromkeys(task.tracked)
        chance = task.loss_at_chance(max(sizes))
        rows = [] if chance is None else [{"model": "chance", "loss": chance, **empty}]
        for baseline, words in task.baselines.items():
            loss = _mean(found["this one"][baseline], sizes)
            rows.append({"model": words, "loss": loss, **empty})
        for name, values in found.items():
            means = {key: _mean(each, sizes) for key, each in values.items()}
            rows.append({"model": name, **means})
        caption = f"{sum(sizes):,} examples."
        return JudgedResult(rows, caption, _judged(task, rows, found, sizes))

    def left_out(self, task, test):
        return unreadable(task, test, BATCH)


def _values(task, batches):
    """Returns (examples in each batch, {name: its value in each batch})."""
    sizes, values = [], []
    for batch in batches:
        sizes.append(len(keras.tree.flatten(batch)[0]))
        values.append(task.values_of(batch))
    return sizes, {name: np.array([v[name] for v in values]) for name in values[0]}


def _mean(values, sizes):
    return float(np.average(values, weights=sizes))


def _judged(task, rows, found, sizes):
    """Returns the verdict against the lowest of the other losses."""
    best = min(rows[:-1], key=lambda row: row["loss"])
    names = {words: name for name, words in task.baselines.items()}
    own = found["this one"]
    if best["model"] in names:
        other = own[names[best["model"]]]
    elif best["model"] == "random":
        other = found["random"]["loss"]
    else:
        other = np.full(len(sizes), best["loss"])
    won = (other - own["loss"]) * sizes
    against = {"random": "the same task at random initialisation"}
    return verdict(
        part_means(won, sizes),
        what="On its own loss the task",
        against=against.get(best["model"], best["model"]),
        unit="units",
        digits=3,
        figures={"random": rows[-2]["loss"], "pretrained": rows[-1]["loss"]},
    )
