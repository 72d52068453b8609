"""What an autoencoder preset learns: restored digits and linear probes.

    python benchmarks/autoencoder.py autoencoder_dense

Prints the mean and the standard deviation over three runs, each with its own
initial weights, data order and label draws. The control is the same encoder
before training. The probe is scikit-learn's logistic regression with its
default penalty, on standardised features; nothing is chosen on test images.
"""

import sys
import time

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from kerassl import zoo

RUNS = 3
LABELS_PER_CLASS = (1, 5, 10, None)


def examples(source, pretext):
    """Returns prepared images and labels of a source."""
    return pretext.prepare(source.fetch(np.arange(len(source)))).numpy(), source.labels


def probes(task, train, test, seed):
    """Returns the probe's test accuracy for each number of labels a class."""
    scaler = StandardScaler().fit(task.features(train[0]))
    features, test_features = (
        scaler.transform(task.features(images)) for images in (train[0], test[0])
    )
    random = np.random.RandomState(seed)
    order = random.permutation(len(features))
    accuracies = []
    for count in LABELS_PER_CLASS:
        rows = np.concatenate(
            [order[train[1][order] == label][:count] for label in np.unique(train[1])]
        )
        probe = LogisticRegression(max_iter=3000)
        probe.fit(features[rows], train[1][rows])
        accuracies.append(probe.score(test_features, test[1]))
    return accuracies


def run(name, seed):
    """Returns probes before training, probes after it, and other figures."""
    spec = zoo.config(name)
    recipe = spec["recipe"]
    keras.utils.set_random_seed(seed)
    task = zoo.load(name)
    source = zoo.build(spec["data"])
    train = examples(source, task.pretext)
    test = examples(zoo.build({**spec["data"], "split": "test"}), task.pretext)
    before = probes(task, train, test, seed)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        recipe["steps"] - round(recipe["warmup"] * recipe["steps"]),
        warmup_target=recipe["learning_rate"],
        warmup_steps=round(recipe["warmup"] * recipe["steps"]),
    )
    task.compile(zoo.build(recipe["optimizer"], learning_rate=schedule))
    begin = time.monotonic()
    task.fit(
        task.dataset(source, recipe["batch_size"], seed=seed),
        steps_per_epoch=recipe["steps"],
        verbose=0,
    )
    seconds = time.monotonic() - begin
    error = np.mean((task.reconstruct(test[0]) - test[0]) ** 2)
    mean_image = np.mean((train[0].mean(axis=0) - test[0]) ** 2)
    return before, probes(task, train, test, seed), [error, mean_image, seconds]


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "autoencoder_dense"
    runs = [run(name, seed) for seed in range(RUNS)]
    print(f"{name}, {RUNS} runs, configuration {zoo.config_hash(zoo.config(name))}")
    titles = (
        f"random encoder, probe with {LABELS_PER_CLASS} labels a class",
        f"trained encoder, probe with {LABELS_PER_CLASS} labels a class",
        "squared error: restored, mean image; training seconds",
    )
    for title, rows in zip(titles, zip(*runs, strict=True), strict=True):
        mean, std = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
        print(f"{title}:")
        print(
            "  "
            + "  ".join(f"{m:.4f} ± {s:.4f}" for m, s in zip(mean, std, strict=True))
        )


if __name__ == "__main__":
    main()
