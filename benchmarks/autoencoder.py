"""What an autoencoder preset learns: restored digits, linear probes and kNN.

    python benchmarks/autoencoder.py autoencoder_dense

Prints the mean and the standard deviation over three runs, each with its own
initial weights, data order and label draws. The controls are the pixels
themselves and the same encoder before training. The probe is scikit-learn's
logistic regression with its default penalty, on standardised features; nothing is
chosen on test images.
"""

import sys
import time

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from kerassl import transfer, zoo

RUNS = 3
LABELS_PER_CLASS = (1, 5, 10, None)


def examples(source, pretext):
    """Returns prepared images and labels of a source."""
    return pretext.prepare(source.fetch(np.arange(len(source)))).numpy(), source.labels


def scores(train, test, seed):
    """Returns test accuracies of features: probes, then kNN, by labels a class."""
    order = np.random.RandomState(seed).permutation(len(train[0]))
    labels = train[1]
    draws = [
        np.concatenate([order[labels[order] == c][:count] for c in np.unique(labels)])
        for count in LABELS_PER_CLASS
    ]
    scaler = StandardScaler().fit(train[0])
    scaled, scaled_test = (scaler.transform(x) for x in (train[0], test[0]))
    probes = [
        LogisticRegression(max_iter=3000)
        .fit(scaled[rows], labels[rows])
        .score(scaled_test, test[1])
        for rows in draws
    ]
    near = [
        transfer.knn(None, (train[0][rows], labels[rows]), test).accuracy
        for rows in draws
    ]
    return probes + near


def features(task, examples):
    """Returns an encoder's features of prepared images, and the labels."""
    return task.features(examples[0]), examples[1]


def pixels(examples):
    """Returns the prepared images as vectors, and the labels."""
    return examples[0].reshape(len(examples[0]), -1), examples[1]


def run(name, seed):
    """Returns scores of pixels, of random and trained features, other figures."""
    spec = zoo.config(name)
    recipe = spec["recipe"]
    keras.utils.set_random_seed(seed)
    task = zoo.load(name)
    source = zoo.build(spec["data"])
    train = examples(source, task.pretext)
    test = examples(zoo.build({**spec["data"], "split": "test"}), task.pretext)
    own = scores(pixels(train), pixels(test), seed)
    before = scores(features(task, train), features(task, test), seed)
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
    after = scores(features(task, train), features(task, test), seed)
    return own, before, after, [error, mean_image, seconds]


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "autoencoder_dense"
    runs = [run(name, seed) for seed in range(RUNS)]
    print(f"{name}, {RUNS} runs, configuration {zoo.config_hash(zoo.config(name))}")
    titles = (
        f"raw pixels: probe, then kNN, with {LABELS_PER_CLASS} labels a class",
        "random encoder, the same",
        "trained encoder, the same",
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
