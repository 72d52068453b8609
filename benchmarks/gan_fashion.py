"""The preset dcgan_fashion for a few CPU minutes: samples and features.

    KERASSL_DATA=... python benchmarks/gan_fashion.py [FOLDER]

Trains it on Fashion-MNIST three times with other seeds. Samples are measured
before training and after a quarter, a half and all of it, by the Frechet
distance to 5,000 test images in the features of a small classifier, which is
trained with labels first and is the same for all. Each seed's samples, of the
same noise, are drawn into FOLDER. Features of the discriminator are measured
by a linear probe with 100 labels a class on 10,000 test images, before and
after training; the probe's strength is chosen on a validation split.
"""

import pathlib
import sys
import time

import keras
import numpy as np
import real_data
from fashion import draw

from kerassl import encoders, transfer, zoo
from kerassl.metrics import frechet_distance
from kerassl.pretraining.task import optimizer_for

SEEDS, SAMPLES, STAGES = (0, 1, 2), 5000, (1 / 4, 1 / 2, 1)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    x, y = real_data.fashion_mnist("train")
    x_test, y_test = real_data.fashion_mnist("test")
    x, x_test = (np.reshape(images, (-1, 28, 28, 1)) for images in (x, x_test))
    features = classifier_features((x, y), (x_test, y_test))
    reference = features(x_test[:SAMPLES] / 255.0)
    floor = frechet_distance(reference, features(x[:SAMPLES] / 255.0))
    print(f"training images: distance {floor:.2f}", flush=True)
    distances, probes = [], []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        task = zoo.load("dcgan_fashion")
        labelled, test = (
            (task.pretext.prepare(images).numpy(), labels)
            for images, labels in (draw(x, y, seed), (x_test, y_test))
        )
        before = transfer.linear_probe(task.encoder, labelled, test, seed=seed)
        row, seconds = train(task, x, seed, reference, features)
        after = transfer.linear_probe(task.encoder, labelled, test, seed=seed)
        distances.append(row)
        probes.append((before.accuracy, after.accuracy))
        figure = task.draw(x[:10])
        figure.savefig(folder / f"gan_fashion_{seed}.png", dpi=120)
        print(f"seed {seed}: {seconds:.0f} s, {row}, {probes[-1]}", flush=True)
    for name, rows in (("distance", distances), ("probe", probes)):
        means, stds = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
        cells = [f"{m:.3f} ± {s:.3f}" for m, s in zip(means, stds, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")


def classifier_features(train, test):
    """Returns a function from images in [0, 1] to features of a classifier."""
    keras.utils.set_random_seed(100)
    encoder = encoders.conv((28, 28, 1), widths=(32, 64), feature_dim=64)
    logits = keras.layers.Dense(10)(encoder.output)
    classifier = keras.Model(encoder.input, logits)
    classifier.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    classifier.fit(train[0] / 255.0, train[1], batch_size=128, epochs=2, verbose=0)
    scores = classifier.evaluate(test[0] / 255.0, test[1], verbose=0)
    print(f"classifier: test accuracy {scores[1]:.3f}", flush=True)
    return lambda images: encoder.predict(images, batch_size=256, verbose=0)


def train(task, images, seed, reference, features):
    """Trains by the preset's recipe; returns distances and training seconds."""

    def distance():
        return frechet_distance(reference, features(task.generate(SAMPLES, seed=1)))

    recipe = zoo.config("dcgan_fashion")["recipe"]
    task.compile(optimizer_for(recipe, task))
    distances, seconds, done = [distance()], 0.0, 0
    for stage in STAGES:
        stop = int(stage * recipe["steps"])
        data = task.dataset(images, recipe["batch_size"], seed=seed, start=done)
        begin = time.monotonic()
        task.fit(data, steps_per_epoch=stop - done, verbose=0)
        seconds += time.monotonic() - begin
        distances.append(distance())
        done = stop
    return distances, seconds


if __name__ == "__main__":
    main()
