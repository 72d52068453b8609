"""SimCLR on Fashion-MNIST for a few CPU minutes, beside its controls.

    KERASSL_DATA=... python benchmarks/simclr_fashion.py

Pretrains a small residual network on 20,000 unlabelled training images, three
times with other seeds, and measures a linear probe and kNN with 100 labels a
class on 10,000 test images, for the pretrained encoder and for the same encoder
before training. The probe's strength is chosen on a validation split.
"""

import time

import keras
import numpy as np
import real_data

from kerassl import encoders, models, pretext, transfer

IMAGES, STEPS, BATCH_SIZE, SEEDS, LABELS = 20_000, 300, 256, (0, 1, 2), 100


def main():
    x, y = real_data.fashion_mnist("train")
    x_test, y_test = real_data.fashion_mnist("test")
    x, x_test = (np.reshape(images, (-1, 28, 28, 1)) for images in (x, x_test))
    x, y = x[:IMAGES], y[:IMAGES]
    rows = []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        task = new_task()
        test = (clean(task, x_test), y_test)
        labelled = draw(x, y, seed)
        train = (clean(task, labelled[0]), labelled[1])
        before = measure(task.encoder, train, test, seed)
        begin = time.monotonic()
        fit(task, x, seed)
        seconds = time.monotonic() - begin
        after = measure(task.encoder, train, test, seed)
        rows.append((before, after))
        print(
            f"seed {seed}: {seconds:.0f} s, before {before}, after {after}", flush=True
        )
    scores = np.array(rows)  # (seeds, before and after, measures)
    for index, name in enumerate(("linear probe", "kNN")):
        for stage, encoder in enumerate(("random", "pretrained")):
            values = scores[:, stage, index]
            print(f"| {name} | {encoder} | {values.mean():.3f} ± {values.std():.3f} |")


def new_task():
    encoder = encoders.resnet((28, 28, 1), depths=(1, 1, 1), widths=(16, 32, 64))
    views = pretext.TwoViews(28, crop_scale=(0.3, 1.0), blur_rate=0.0)
    return models.SimCLR(encoder, views, projection_dim=64, temperature=0.2)


def fit(task, images, seed):
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, STEPS - 30, warmup_target=2e-3, warmup_steps=30
    )
    task.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-4))
    dataset = task.dataset(images, BATCH_SIZE, seed=seed)
    task.fit(dataset, steps_per_epoch=STEPS, verbose=0)


def draw(x, y, seed):
    order = np.random.default_rng(seed).permutation(len(y))
    chosen = [order[y[order] == label][:LABELS] for label in range(10)]
    return x[np.concatenate(chosen)], y[np.concatenate(chosen)]


def clean(task, images):
    return task.pretext.prepare(images).numpy()


def measure(encoder, train, test, seed):
    probe = transfer.linear_probe(encoder, train, test, seed=seed).accuracy
    return probe, transfer.knn(encoder, train, test).accuracy


if __name__ == "__main__":
    main()
