"""What the tests of methods with two views share: digits, seen twice, and steps."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from kerassl.data import digits
from kerassl.pretext import TwoViews


def digit_views(**options):
    """Returns views of 8x8 digits, not compiled: that takes longer than a few."""
    options = {"jit_compile": False, **options}
    return TwoViews(
        8,
        crop_scale=(0.4, 1.0),
        flip_rate=0.0,
        color_strength=0.5,
        blur_rate=0.0,
        **options,
    )


def batch(task, count=16):
    """Returns both views of the first digits."""
    views = task.pretext(digits().fetch(range(count)), (0, 0))[0]
    return {name: np.array(view) for name, view in views.items()}


def train_step(task, x):
    """Trains one step on prepared inputs."""
    task.fit(x, batch_size=len(x["view1"]), shuffle=False, verbose=0)


def unit_rows(x):
    """Returns vectors scaled to length 1."""
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def features_of(task, source, indices=None):
    """Returns the encoder's features of digits."""
    indices = range(len(source)) if indices is None else indices
    return task.features(task.pretext.prepare(source.fetch(indices)).numpy())


def few_label_accuracy(task):
    """Returns a linear probe's accuracy on test digits, by ten labels a class.

    So few are enough where the features are good.
    """
    train, test = digits(), digits("test")
    few = np.concatenate([np.flatnonzero(train.labels == k)[:10] for k in range(10)])
    known, unknown = features_of(task, train, few), features_of(task, test)
    mean, std = known.mean(0), known.std(0) + 1e-6
    probe = LogisticRegression(C=0.1, max_iter=500)
    probe.fit((known - mean) / std, train.labels[few])
    return probe.score((unknown - mean) / std, test.labels)


def assert_untouched_by_gradients(task, average, parts):
    """Checks a moving average that keeps all: no gradient, no weight decay.

    Args:
        task: The task, compiled, its average never to move.
        average: The average's network; its batch statistics do move.
        parts: The layers that the task is to train.
    """
    x = batch(task)
    train_step(task, x)
    weights = {v.path: v.numpy() for v in average.weights}
    train_step(task, x)
    for variable in average.weights:
        same = np.array_equal(variable.numpy(), weights[variable.path])
        assert same != ("moving_" in variable.path), variable.path
    own = {id(v) for part in parts for v in part.variables}
    assert {id(v) for v in task.trainable_variables} <= own


def assert_average(average, expected):
    """Checks the weights of a moving average but for the batch statistics."""
    averages = [v.numpy() for v in average.weights if "moving_" not in v.path]
    for value, wanted in zip(averages, expected, strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-6)
