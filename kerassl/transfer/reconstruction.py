"""How well held-out examples are restored from their features."""

import math

import numpy as np

from kerassl import distribute
from kerassl.transfer.held_out import (
    JudgedResult,
    batches_of,
    first_batch,
    part_means,
    some_of,
)
from kerassl.transfer.measure import Measure
from kerassl.transfer.verdict import verdict

# Examples that are restored, and examples that the controls are fitted to, at most.
RESTORED, FITTED = 1000, 20_000
# Numbers that these may have together, so that they fit into memory.
MOST_NUMBERS = 1 << 28
BATCH = 64


class Reconstruction(Measure):
    """Measures the squared error of restored examples, beside restoring without one.

    Its controls are the mean of the training examples; PCA with as many numbers as
    the features have, the best that a linear autoencoder can do on the examples that
    it was fitted to; and, where the pretext layer corrupts the input, that input as
    it is. Restored are 1,000 of the test examples, the controls are fitted to 20,000
    of the training examples, drawn with the seed where there are more.

    The verdict is in points of the variance: of the squared error that the mean of
    the training examples leaves.

    Example:
        >>> from kerassl import data, encoders, models, pretext
        >>> encoder = encoders.dense((8, 8, 1), hidden_dims=(16,))
        >>> task = models.Autoencoder(encoder, pretext.Reconstruct())
        >>> found = Reconstruction()(task, data.digits("train"), data.digits("test"))
        >>> [row["model"] for row in found.rows]
        ['mean of training', 'PCA, 16 numbers', 'this one']

    Reference:
        Baldi and Hornik, 1989, https://doi.org/10.1016/0893-6080(89)90014-2, on
        linear autoencoders and PCA
    """

    name = "reconstruction"
    unseen = True
    heading = "Examples kept out of training, restored:"

    def __call__(self, task, train, test, *, seed=0, progress=True):
        distribute.read_state(task)
        x, y = _examples(task, some_of(test, RESTORED, seed), seed)
        restored = {"this one": task.reconstruct(x, batch_size=BATCH)}
        size = math.prod(y.shape[1:])
        fitted = some_of(train, min(FITTED, max(2, MOST_NUMBERS // size)), seed)
        _, known = _examples(task, fitted, seed)
        controls = {"mean of training": np.broadcast_to(known.mean(axis=0), y.shape)}
        code = math.prod(task.encoder.output_shape[1:])
        numbers = min(code, len(known) - 1)
        if 0 < numbers < size and np.ptp(known, axis=0).any():
            controls[f"PCA, {numbers} numbers"] = _projected(known, x, numbers, seed)
        if not np.array_equal(x, y):
            controls["the input as it is"] = x
        errors = {
            name: np.square(each - y).reshape(len(y), -1).mean(axis=1)
            for name, each in {**controls, **restored}.items()
        }
        whole = errors["mean of training"].mean()
        rows = [
            {
                "model": name,
                "squared_error": float(each.mean()),
                "share_of_variance": float(1 - each.mean() / whole) if whole else None,
            }
            for name, each in errors.items()
        ]
        caption = f"{len(y):,} examples of {size:,} numbers, {code:,} in the code."
        return JudgedResult(rows, caption, _judged(errors, rows, whole))

    def left_out(self, task, test):
        if not hasattr(task, "reconstruct"):
            return "it needs a task that restores examples"
        return first_batch(task, test)[1]


def _judged(errors, rows, whole):
    """Returns the verdict, None where all examples are alike."""
    if not whole:
        return None
    best = min(rows[:-1], key=lambda row: row["squared_error"])
    won = errors[best["model"]] - errors["this one"]
    return verdict(
        100 * part_means(won) / whole,
        what="Restoring from the features",
        against=best["model"].replace("mean", "the mean"),
        unit="points of the variance",
        figures={
            "input": 100 * best["share_of_variance"],
            "pretrained": 100 * rows[-1]["share_of_variance"],
        },
    )


def _examples(task, source, seed):
    """Returns (x, y): what the encoder reads and what is to be restored, arrays."""
    batches = batches_of(task, source, batch_size=BATCH, seed=seed)
    x, y = zip(*(batch[:2] for batch in batches), strict=True)
    return np.concatenate(x), np.concatenate(y)


def _projected(known, x, numbers, seed):
    """Returns examples restored from their projections on axes of PCA."""
    from sklearn.decomposition import PCA

    rows = known.reshape(len(known), -1)
    axes = PCA(numbers, svd_solver="randomized", random_state=seed).fit(rows)
    projected = axes.transform(x.reshape(len(x), -1))
    return axes.inverse_transform(projected).reshape(x.shape)
