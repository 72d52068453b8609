"""SimCLR, MoCo, BYOL or DeepCluster on Fashion-MNIST, beside its control.

    KERASSL_DATA=... python benchmarks/fashion.py --task moco

Pretrains the encoder of the preset `<task>_fashion` on the 60,000 training images,
three times with other seeds. A linear probe and kNN with 100 labels a class then
measure it on the 10,000 test images, before and after; the probe's strength is
chosen on a validation split. Of the features of 1,000 test images it shows the
spread, which a collapse would bring to nothing.
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
import real_data

import kerassl
from kerassl import metrics, transfer, zoo

SEEDS, LABELS, WATCHED = (0, 1, 2), 100, 1000
NO_MEASURES = ("step", "seconds", "examples_per_second")
MEASURES = ("linear probe", "kNN", "embedding std", "effective rank")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--task", choices=("simclr", "moco", "byol", "deep_cluster"), required=True
    )
    preset = f"{parser.parse_args().task}_fashion"
    x, y = real_data.fashion_mnist("train")
    x_test, y_test = real_data.fashion_mnist("test")
    rows = []
    for seed in SEEDS:
        # The weights with which the run begins.
        keras.utils.set_random_seed(seed)
        task = zoo.load(preset)
        test = (clean(task, x_test), y_test)
        labelled = draw(x, y, seed)
        train = (clean(task, labelled[0]), labelled[1])
        before = measure(task.encoder, train, test, seed)
        run = pretrained(preset, x, seed)
        after = measure(run["encoder"], train, test, seed)
        rows.append((before, after))
        print(f"seed {seed}: {run['seconds']:.0f} s, {run['last']}", flush=True)
        print(f"  before {rounded(before)}, after {rounded(after)}", flush=True)
    print_table(np.array(rows))  # (seeds, before and after, measures)


def pretrained(preset, images, seed):
    with tempfile.TemporaryDirectory() as folder:
        run = kerassl.pretrain(
            preset,
            images,
            out=Path(folder, preset),
            seed=seed,
            evaluate=False,
            progress=False,
        )
        last = run.report["last"]
        return {
            "encoder": run.encoder,
            "seconds": run.report["training_seconds"],
            "last": {n: round(v, 3) for n, v in last.items() if n not in NO_MEASURES},
        }


def draw(x, y, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    chosen = [order[y[order] == label][:LABELS] for label in range(10)]
    return x[np.concatenate(chosen)], y[np.concatenate(chosen)]


def clean(task, images):
    return task.pretext.prepare(images).numpy()


def measure(encoder, train, test, seed):
    features = encoder.predict(test[0][:WATCHED], batch_size=256, verbose=0)
    return (
        transfer.linear_probe(encoder, train, test, seed=seed).accuracy,
        transfer.knn(encoder, train, test).accuracy,
        float(metrics.embedding_std(features)),
        float(metrics.effective_rank(features)),
    )


def rounded(values):
    return tuple(round(value, 4) for value in values)


def print_table(scores):
    print("| encoder | " + " | ".join(MEASURES) + " |")
    for stage, encoder in enumerate(("random", "pretrained")):
        cells = [
            f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"
            for values in scores[:, stage].T
        ]
        print(f"| {encoder} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
