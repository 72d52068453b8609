"""A preset on the handwritten digits of scikit-learn, beside its controls.

    python benchmarks/digits.py --validate --set pretext.crop_scale=[0.5,1]
    python benchmarks/digits.py --preset vicreg_digits --validate

Pretrains a preset, `simclr_digits` by default, on 1,000 of its 1,297 training
images and measures on the other 297, so that settings are chosen without the test
images: kNN and a linear probe of pretrained features, those of the same encoder at
random initialisation and raw pixels, mean and standard deviation over twenty draws of
labels. Without `--validate` it trains on all of them and measures on the 500 test
images.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

import kerassl
from kerassl import data, transfer, zoo
from kerassl.encoders import feature_model
from kerassl.zoo.overrides import parse_override

PRESET, LABELS, DRAWS, TRAINED_ON = "simclr_digits", (1, 5, 10), 20, 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default=PRESET, help="one of digits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "--validate", action="store_true", help="measure on held-out training images"
    )
    arguments = parser.parse_args()
    changes = dict(parse_override(text) for text in arguments.set)
    train, test = images_of(arguments.validate)
    preset = arguments.preset
    print(f"{preset}, seed {arguments.seed}, {changes or 'as it is'}", flush=True)
    keras.utils.set_random_seed(arguments.seed)
    task = zoo.load(preset, overrides=changes)
    random, images = task.encoder, train[0]
    if "label" in task.reads:
        images = data.ArraySource(images, labels=train[1])
    encoder = pretrained(preset, images, arguments.seed, changes)
    for name, network in (
        ("raw pixels", None),
        ("random", random),
        ("pretrained", encoder),
    ):
        show(name, *((features(network, x), y) for x, y in (train, test)))


def images_of(validate):
    """Returns the pairs of images and labels to train on and to measure on."""
    sets = [data.digits(split, size=8) for split in ("train", "test")]
    train, test = ((np.array(s.fetch(np.arange(len(s)))), s.labels) for s in sets)
    if not validate:
        return train, test
    order = np.random.default_rng(0).permutation(len(train[1]))
    parts = order[:TRAINED_ON], order[TRAINED_ON:]
    return tuple((train[0][rows], train[1][rows]) for rows in parts)


def pretrained(preset, images, seed, changes):
    """Returns the encoder of a run, after printing what it took."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.process_time()
        run = kerassl.pretrain(
            preset,
            images,
            out=Path(folder, preset),
            seed=seed,
            overrides=changes,
            evaluate=False,
            progress=False,
        )
        used = time.process_time() - begin
        print(f"  training {used:.0f} s of one core; {run.report['last']}", flush=True)
        return run.encoder


def features(encoder, images):
    images = images.astype("float32") / 255
    if encoder is None:
        return images.reshape(len(images), -1)
    return feature_model(encoder).predict(images, batch_size=256, verbose=0)


def show(name, train, test):
    """Prints mean and standard deviation over the draws of labels, in %."""
    for title, method in (("kNN", transfer.knn), ("probe", transfer.linear_probe)):
        cells = []
        for count in LABELS:
            scores = [
                100 * method(None, drawn(train, count, draw), test).accuracy
                for draw in range(DRAWS)
            ]
            cells.append(f"{np.mean(scores):.1f} ± {np.std(scores, ddof=1):.1f}")
        print(f"  {name}, {title}, {LABELS} a class: {', '.join(cells)}", flush=True)


def drawn(train, count, draw):
    order = np.random.default_rng(draw).permutation(len(train[1]))
    chosen = [order[train[1][order] == label][:count] for label in range(10)]
    rows = np.concatenate(chosen)
    return train[0][rows], train[1][rows]


if __name__ == "__main__":
    main()
