"""How often a view of a held-out example finds another view of the same example."""

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.encoders.pooling import feature_model
from kerassl.transfer.copies import copy_of
from kerassl.transfer.held_out import (
    JudgedResult,
    batches_of,
    part_means,
    some_of,
    unreadable,
)
from kerassl.transfer.measure import Measure
from kerassl.transfer.random_control import random_control
from kerassl.transfer.verdict import verdict

# Examples among which one is to be found, at most.
EXAMPLES = 1000
BATCH = 64


class ViewRetrieval(Measure):
    """Measures how often the features of a view find the example that it is of.

    Of each test example two views are made as in training. A view has found its
    example where, of the other views of all test examples, that of the same one has
    the largest cosine with it (recall@1). Controls are chance, the views as they are
    where they are arrays (with their mean taken away), and the encoder with random
    weights. There are at most 1,000 examples, drawn with the seed.

    It tells how well the pretext task is solved, and not what the features are worth
    for classes: those need labels.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> encoder = encoders.resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> task = models.SimCLR(encoder, pretext.TwoViews(8, blur_rate=0.0))
        >>> sets = data.digits("train"), data.digits("test")
        >>> [row["model"] for row in ViewRetrieval()(task, *sets).rows]
        ['chance', 'the views as they are', 'random', 'pretrained']
    """

    name = "views"
    unseen = True
    fallback = True
    heading = "Examples kept out of training, found by another view of them:"

    def __call__(self, task, train, test, *, seed=0, progress=True):
        distribute.read_state(task)
        test = some_of(test, EXAMPLES, seed)
        views = [_views(task, test, seed + draw) for draw in (0, 1)]
        count = len(keras.tree.flatten(views[0][0])[0])
        control = copy_of(task.encoder)
        control.set_weights(random_control(control, seed))
        found = {}
        if not isinstance(views[0][0], dict):
            flat = (np.concatenate(parts).reshape(_rows(parts), -1) for parts in views)
            found["the views as they are"] = _found(*(v - v.mean(0) for v in flat))
        for name, encoder in ("random", control), ("pretrained", task.encoder):
            model = feature_model(encoder, "auto")
            found[name] = _found(
                *(_features(model, parts, task.views_by_dropout) for parts in views)
            )
        count = len(found["pretrained"])
        rows = [{"model": "chance", "recall_at_1": 1 / count}]
        rows += [
            {"model": n, "recall_at_1": float(hits.mean())} for n, hits in found.items()
        ]
        best = max(rows[1:-1], key=lambda row: row["recall_at_1"])
        won = found["pretrained"].astype(float) - found[best["model"]]
        names = {"random": "with random weights"}
        judged = verdict(
            100 * part_means(won),
            what="In finding an example by another view of it the encoder",
            against=names.get(best["model"], best["model"]),
            figures={row["model"]: row["recall_at_1"] for row in rows[-2:]},
        )
        return JudgedResult(rows, f"Each is one of {count:,} examples.", judged)

    def left_out(self, task, test):
        if task.pretext is None:
            return "it needs a task with a pretext layer"
        reason = unreadable(task, test, BATCH)
        if reason is not None:
            return reason
        x, *_ = next(batches_of(task, test, batch_size=BATCH, seed=0))
        return None if task.view(x) is not None else "it needs a task of views"


def _views(task, source, seed):
    """Returns what the encoder takes of a view of each example, in batches."""
    batches = batches_of(task, source, batch_size=BATCH, seed=seed)
    return [task.view(x) for x, *_ in batches]


def _rows(parts):
    return sum(len(part) for part in parts)


def _features(model, parts, dropout):
    """Returns the features of views, float array (examples, dim)."""
    made = [ops.convert_to_numpy(model(part, training=dropout)) for part in parts]
    return np.concatenate(made).astype("float32")


def _found(queries, keys):
    """Returns whether each query has the largest cosine with the key of its row."""
    queries, keys = (
        v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)
        for v in (queries, keys)
    )
    return (queries @ keys.T).argmax(axis=1) == np.arange(len(queries))
