"""What a random control is worth, by how its weights are drawn.

    KERASSL_DATA=... python benchmarks/random_control.py digits
    KERASSL_DATA=... python benchmarks/random_control.py fashion

Of the encoders of `simclr_digits` and `simclr_fashion`, a linear probe on several
features and kNN, for weights

- "start": those that a training begins with, every residual branch shut;
- "open": those with all branches open (`random_control`);
- "calibrated": the same, batch normalisation with the statistics of 1,024 unlabelled
  training images.

On digits it also trains from "start" and from "open", with the labels alone.
"""

import argparse
import time

import numpy as np
import real_data

from kerassl import data, zoo
from kerassl.transfer import copy_of, encode, knn, linear_probe, random_weights
from kerassl.transfer.examples import draw_labels
from kerassl.transfer.fine_tune import FineTuner
from kerassl.transfer.random_control import random_control

SEEDS = range(4)
KINDS = {
    "start": lambda encoder, seed, x: random_weights(encoder, seed),
    "open": lambda encoder, seed, x: random_control(encoder, seed),
    "calibrated": random_control,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=("digits", "fashion"))
    name = parser.parse_args().data
    encoder, train, test = fashion() if name == "fashion" else digits()
    began = time.process_time()
    for budget in (10, 100) if name == "fashion" else (10,):
        show(f"{name}, {budget} labels a class", frozen(encoder, train, test, budget))
    if name == "digits":
        for budget in (10, None):
            title = f"fine-tuning with {budget or 'all'} labels a class"
            show(title, tuned(encoder, train, test, budget))
    print(f"{time.process_time() - began:.0f} CPU seconds")


def digits():
    task = zoo.load("simclr_digits")
    sets = []
    for split in ("train", "test"):
        source = data.digits(split, size=8)
        images = np.asarray(source.fetch(range(len(source))))
        sets.append((task.pretext.prepare(images).numpy(), source.labels))
    return task.encoder, *sets


def fashion():
    task = zoo.load("simclr_fashion")
    sets = []
    for split in ("train", "test"):
        images, labels = real_data.fashion_mnist(split)
        parts = np.array_split(images, 12)
        x = np.concatenate([task.pretext.prepare(part).numpy() for part in parts])
        sets.append((x, labels))
    return task.encoder, *sets


def frozen(encoder, train, test, budget):
    """Returns {(method, kind of weights): accuracies in %}."""
    network, found = copy_of(encoder), {}
    for seed in SEEDS:
        chosen = draw_labels(train[1], budget, seed)
        y = train[1][chosen]
        for kind, weights in KINDS.items():
            network.set_weights(weights(encoder, seed, train[0]))
            rows = encode(network, train[0][chosen], features="auto")
            queries = encode(network, test[0], features="auto")
            for features in (*rows, "auto"):
                own = [
                    {features: each[features]} if features != "auto" else each
                    for each in (rows, queries)
                ]
                result = linear_probe(None, (own[0], y), (own[1], test[1]), seed=seed)
                found.setdefault((f"probe, {features}", kind), []).append(result)
            sets = (rows["pooled"], y), (queries["pooled"], test[1])
            result = knn(None, *sets)
            found.setdefault(("kNN", kind), []).append(result)
    return {key: [100 * each.accuracy for each in of] for key, of in found.items()}


def tuned(encoder, train, test, budget):
    tuner, found = FineTuner(encoder, np.unique(train[1])), {}
    for seed in SEEDS if budget else SEEDS[:2]:
        chosen = draw_labels(train[1], budget, seed)
        for kind in ("start", "open"):
            weights = KINDS[kind](encoder, seed, train[0])
            tuner.fit((train[0][chosen], train[1][chosen]), weights=weights, seed=seed)
            right = tuner.predict(test[0]) == test[1]
            found.setdefault(("fine-tuning", kind), []).append(100 * right.mean())
    return found


def show(title, found):
    for (method, kind), values in sorted(found.items()):
        mean, std = np.mean(values), np.std(values, ddof=1)
        print(f"{title} | {method} | {kind} | {mean:.1f} ± {std:.1f}", flush=True)


if __name__ == "__main__":
    main()
