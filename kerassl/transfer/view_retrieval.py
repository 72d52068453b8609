"""How often a view of a held-out example finds another view of the same example."""

import math

import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.data.dataset import pretext_dataset
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.transfer.copies import random_copy
from kerassl.transfer.held_out import JudgedResult, part_means, some_of
from kerassl.transfer.measure import Measure
from kerassl.transfer.random_control import random_control
from kerassl.transfer.verdict import verdict

# Examples among which one is to be found, at most, and numbers of their views, which
# are in memory together.
EXAMPLES, MOST_NUMBERS = 1000, 1 << 26
BATCH = 64


class ViewRetrieval(Measure):
    """Measures how often the features of a view find the example that it is of.

    Of each test example two views are made as in training. A view has found its
    example where, of the other views of all test examples, that of the same one has
    the largest cosine with it (recall@1). Controls are chance, the views as they are
    where they are arrays (with their mean taken away), and the encoder with random
    weights. There are at most 1,000 examples, fewer of large ones, drawn with the seed.

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
        test = some_of(test, _most(task.encoder), seed)
        views = [list(_views(task, test, seed + draw)) for draw in (0, 1)]
        found = {}
        if not isinstance(views[0][0], dict):
            flat = (np.concatenate(parts).reshape(_rows(parts), -1) for parts in views)
            found["the views as they are"] = _found(*(v - v.mean(0) for v in flat))
        # A copy, whose dropout has the seed, and not where the task's is by now.
        encoder = random_copy(task.encoder, seed)
        model = feature_model(encoder, "auto")
        control = random_control(task.encoder, seed)
        for name, weights in (
            ("random", control),
            ("pretrained", task.encoder.get_weights()),
        ):
            encoder.set_weights(weights)
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
        if len(test) < 2:
            return "it needs two examples or more"
        try:
            view = next(_views(task, test, 0))
        except InvalidValue as error:
            return f"no views can be made of the examples to test on: {error}"
        return None if view is not None else "it needs a task of views"


def _most(encoder):
    """Returns how many examples there are at most, as their views fit into memory."""
    taken = getattr(encoder, "input_shape", None)
    sides = [side or 1 for side in taken[1:]] if isinstance(taken, tuple) else []
    return min(EXAMPLES, max(2, MOST_NUMBERS // math.prod(sides)))


def _views(task, source, seed):
    """Yields what the encoder takes of a view of each example, in batches."""
    size = min(BATCH, len(source))
    dataset = pretext_dataset(source, task.pretext, batch_size=size, seed=seed)
    for part in dataset.in_order():
        for x, *_ in [] if part is None else part.as_numpy_iterator():
            yield task.view(x)


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
