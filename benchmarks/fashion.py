"""SimCLR, MoCo, BYOL or DeepCluster on Fashion-MNIST, beside its controls.

    KERASSL_DATA=... python benchmarks/fashion.py --task moco --seed 0

Pretrains the encoder of the preset `<task>_fashion` on the 60,000 training images
and measures it on the 10,000 test images: a linear probe, whose strength is chosen
on a part of its labels, and kNN, with 100 labels a class. The same labels measure the
raw pixels and the same encoder at random initialisation. The seed decides the
initial weights, the order of the data, the views and the labels.

With `--validate` 10,000 of the training images take the place of the test images and
nothing is trained on them; with it, settings are chosen: `--set model.temperature=0.5`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import real_data

import kerassl
from kerassl import metrics, transfer, zoo
from kerassl.zoo.overrides import parse_override

TASKS = ("simclr", "moco", "byol", "deep_cluster")
LABELS, HELD_OUT, WATCHED = 100, 10_000, 1000
NO_MEASURES = ("step", "seconds", "examples_per_second")


def main():
    arguments = parsed()
    preset, seed = f"{arguments.task}_fashion", arguments.seed
    changes = dict(parse_override(text) for text in arguments.set)
    images, labels, test = images_of(arguments.validate)
    train = draw(images, labels, seed)
    print(f"{preset}, seed {seed}, {changes or 'as it is'}", flush=True)
    show("raw pixels", None, unit(train), unit(test), seed)
    keras.utils.set_random_seed(seed)
    task = zoo.load(preset, overrides=changes)
    show("random", task.encoder, unit(train), unit(test), seed)
    encoder = pretrained(preset, images, seed, changes)
    show("pretrained", encoder, unit(train), unit(test), seed)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "--validate", action="store_true", help="measure on held-out training images"
    )
    return parser.parse_args()


def images_of(validate):
    """Returns images and labels to train on, and the pair to measure on."""
    images, labels = real_data.fashion_mnist("train")
    if not validate:
        return images, labels, real_data.fashion_mnist("test")
    order = np.random.default_rng(0).permutation(len(labels))
    held, kept = order[:HELD_OUT], order[HELD_OUT:]
    return images[kept], labels[kept], (images[held], labels[held])


def draw(x, y, seed):
    """Returns `LABELS` examples of each class."""
    order = np.random.default_rng(seed).permutation(len(y))
    rows = np.concatenate([order[y[order] == label][:LABELS] for label in range(10)])
    return x[rows], y[rows]


def unit(examples):
    """Returns the images in [0, 1], as the presets' encoders take them."""
    return examples[0].astype("float32") / 255, examples[1]


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
        last = run.report["last"]
        shown = {n: round(v, 3) for n, v in last.items() if n not in NO_MEASURES}
        seconds = run.report["training_seconds"]
        print(f"  training {seconds:.0f} s, {used:.0f} s of one core; {shown}")
        return run.encoder


def show(name, encoder, train, test, seed):
    """Prints what a probe and kNN make of an encoder's features, or of pixels."""
    train, test = ((features(encoder, x), y) for x, y in (train, test))
    probe = transfer.linear_probe(None, train, test, seed=seed).accuracy
    near = transfer.knn(None, train, test).accuracy
    some = test[0][:WATCHED]
    print(
        f"  {name}: probe {probe:.4f}, kNN {near:.4f}, "
        f"spread {metrics.embedding_std(some):.3f}, "
        f"effective rank {metrics.effective_rank(some):.1f} of {some.shape[1]}",
        flush=True,
    )


def features(encoder, images):
    if encoder is None:
        return images.reshape(len(images), -1)
    return encoder.predict(images, batch_size=256, verbose=0)


if __name__ == "__main__":
    main()
