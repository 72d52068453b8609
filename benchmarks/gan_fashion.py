"""A GAN of the zoo on Fashion-MNIST: samples, and features beside raw pixels.

    KERASSL_DATA=... python benchmarks/gan_fashion.py --preset dcgan_fashion

Trains the preset three times with other seeds on 55,000 of the training images.
Samples are measured before and after, by the Frechet distance to 5,000 test images
in the features of a small classifier, which is trained with labels first and is the
same for all.

Features are measured by a linear probe and by kNN with 100 labels a class, drawn
anew for each seed: of the discriminator's last layer and of all its layers, pooled
to 4x4, both before and after training, and of the images themselves, raw and by
PCA. First on the 5,000 images that were kept out, to choose the features by, then
on the 10,000 test images. The probe's strength is chosen on a fifth of the labels.
A verdict compares the same labels' figures, seed by seed. --pictures FOLDER draws
each seed's samples, of the same noise; --only-input trains nothing and measures the
images themselves.
"""

import argparse
import pathlib
import time

import keras
import numpy as np
import real_data
from sklearn.decomposition import PCA

from kerassl import encoders, transfer, zoo
from kerassl.metrics import frechet_distance
from kerassl.pretraining.task import optimizer_for
from kerassl.transfer.verdict import verdict

LABELS, SAMPLES, KEPT_OUT, COMPONENTS = 100, 5000, 5000, 50
METHODS = ("linear probe", "kNN")


def main():
    given = arguments()
    images, kept, test = examples()
    measured_on = [np.concatenate(pair) for pair in zip(kept, test, strict=True)]
    if given.only_input:
        task = zoo.load(given.preset)
        seeds = range(given.seeds)
        found = [on_pixels(task, draw(*images, s), measured_on, s) for s in seeds]
        print_accuracies("test", found, 1)
        return
    classified = classifier_features(images, test)
    reference = classified(test[0][:SAMPLES] / 255.0)
    floor = frechet_distance(reference, classified(images[0][:SAMPLES] / 255.0))
    print(f"training images: distance {floor:.2f}", flush=True)
    distances, found = [], []
    for seed in range(given.seeds):
        keras.utils.set_random_seed(seed)
        task = zoo.load(given.preset)
        parts = draw(*images, seed), measured_on
        rows = on_pixels(task, *parts, seed)
        rows |= measured(task, "random", *parts, seed)
        row, seconds = train(given, task, images[0], seed, reference, classified)
        rows |= measured(task, "pretrained", *parts, seed)
        distances.append(row)
        found.append(rows)
        print(f"seed {seed}: {seconds:.0f} s of one core, {rounded(row)}")
        for name, values in rows.items():
            print(f"  {name}: {[rounded(value) for value in values]}", flush=True)
        if given.pictures:
            name = f"{given.preset}_{seed}.png"
            task.draw(images[0][:10]).savefig(given.pictures / name, dpi=120)
    print(f"| distance | {' | '.join(cells(distances, 2))} |")
    print_accuracies("kept-out", found, 0)
    print_accuracies("test", found, 1)
    print_verdicts(found)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    presets = ("dcgan_fashion", "wgan_gp_fashion")
    parser.add_argument("--preset", choices=presets, required=True)
    parser.add_argument("--steps", type=int, help="by default those of the recipe")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--only-input", action="store_true", help="only the images themselves"
    )
    parser.add_argument("--pictures", type=pathlib.Path, help="a folder")
    return parser.parse_args()


def examples():
    """Returns (images, labels) to train on, kept out of that, and to test on."""
    x, y = real_data.fashion_mnist("train")
    order = np.random.default_rng(100).permutation(len(y))
    parts = [(x[rows], y[rows]) for rows in (order[KEPT_OUT:], order[:KEPT_OUT])]
    parts.append(real_data.fashion_mnist("test"))
    return [(np.reshape(x, (-1, 28, 28, 1)), y) for x, y in parts]


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


def draw(x, y, seed):
    """Returns `LABELS` images of each class, drawn from a seed."""
    order = np.random.default_rng(seed).permutation(len(y))
    chosen = [order[y[order] == label][:LABELS] for label in range(10)]
    return x[np.concatenate(chosen)], y[np.concatenate(chosen)]


def train(given, task, images, seed, reference, features):
    """Trains by the preset's recipe; returns distances and seconds of one core."""

    def distance():
        return frechet_distance(reference, features(task.generate(SAMPLES, seed=1)))

    recipe = zoo.config(given.preset)["recipe"]
    recipe["steps"] = given.steps or recipe["steps"]
    task.compile(optimizer_for(recipe, task))
    before, begin = distance(), time.process_time()
    data = task.dataset(images, recipe["batch_size"], seed=seed)
    task.fit(data, steps_per_epoch=recipe["steps"], verbose=0)
    seconds = time.process_time() - begin
    return [before, distance()], seconds


def measured(task, name, labelled, test, seed):
    """Returns {features: scores} of the discriminator as it is now."""
    found = {}
    for layers, encoder in (
        ("last layer", task.encoder),
        ("all layers", encoders.layer_grids(task.encoder)),
    ):
        rows = [
            (encoder.predict(task.pretext.prepare(x), batch_size=256, verbose=0), y)
            for x, y in (labelled, test)
        ]
        found[f"{name}, {layers}"] = scores(*rows, seed)
    return found


def on_pixels(task, labelled, test, seed):
    """Returns {features: scores} of the images themselves."""
    raw = [
        (np.reshape(task.pretext.prepare(x), (len(x), -1)), y)
        for x, y in (labelled, test)
    ]
    axes = PCA(COMPONENTS, random_state=0).fit(raw[0][0])
    by_pca = [(axes.transform(x), y) for x, y in raw]
    return {
        "raw pixels": scores(*raw, seed),
        f"PCA of {COMPONENTS}": scores(*by_pca, seed),
    }


def scores(labelled, test, seed):
    """Returns accuracies in percent: (kept-out and test images, METHODS)."""
    probe = transfer.linear_probe(None, labelled, test, seed=seed)
    right = [
        result.predictions == test[1]
        for result in (probe, transfer.knn(None, labelled, test))
    ]
    parts = [[part[:KEPT_OUT].mean(), part[KEPT_OUT:].mean()] for part in right]
    return 100 * np.transpose(parts)


def cells(rows, digits):
    means, stds = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1)
    pairs = zip(means, stds, strict=True)
    return [f"{mean:.{digits}f} ± {std:.{digits}f}" for mean, std in pairs]


def rounded(values):
    return [round(float(value), 2) for value in values]


def print_accuracies(name, found, part):
    print(f"\n| features, {name} images | {' | '.join(METHODS)} |\n|---|---|---|")
    for row in found[0]:
        values = [of_seed[row][part] for of_seed in found]
        print(f"| {row} | {' | '.join(cells(values, 1))} |")


def print_verdicts(found):
    print()
    for layers, named in (("last layer", "the last layer"), ("all layers",) * 2):
        for column, method in enumerate(METHODS):
            what = f"With {LABELS} labels a class the {method} on {named}"
            for other, against in (
                ("raw pixels", "on raw pixels"),
                (f"random, {layers}", "with random weights"),
            ):
                points = [
                    rows[f"pretrained, {layers}"][1, column] - rows[other][1, column]
                    for rows in found
                ]
                print(verdict(points, what=what, against=against).sentence)


if __name__ == "__main__":
    main()
