"""Measures SimCLR views per second: ours, and torchvision's if it is installed.

    python benchmarks/views.py

Both make the paper's views of uint8 images on all cores: at 32 pixels without
blur, at 96 pixels with it. Ours come out of `tf.data` in batches; torchvision's
out of a process pool, one worker a core, one image at a time.
"""

import argparse
import importlib.util
import multiprocessing
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

# Side, blur rate, colour strength, images in a batch.
SETTINGS = [(32, 0.0, 0.5, 256), (96, 0.5, 1.0, 64)]


def ours(images, size, blur_rate, color_strength, jit_compile, seconds):
    """Returns views per second out of `Dataset.map`."""
    import tensorflow as tf

    from kerassl.pretext import TwoViews

    layer = TwoViews(
        size,
        blur_rate=blur_rate,
        color_strength=color_strength,
        jit_compile=jit_compile,
    )
    batch = tf.constant(images)
    dataset = tf.data.Dataset.range(2**62).map(
        lambda n: layer(batch, tf.stack([0, n]))[0], num_parallel_calls=os.cpu_count()
    )
    batches = iter(dataset.prefetch(2))
    return rate(lambda: len(next(batches)["view1"]) * 2, seconds)


def torchvision(images, size, blur_rate, color_strength, seconds):
    """Returns views per second of torchvision's PIL transforms."""
    import torchvision.transforms  # noqa: F401  fails here, not in each worker
    from PIL import Image

    pictures = [Image.fromarray(image) for image in images]
    with multiprocessing.get_context("fork").Pool(
        initializer=_prepare, initargs=(pictures, size, blur_rate, color_strength)
    ) as pool:
        results = pool.imap_unordered(_view, iter(int, None), chunksize=64)
        return rate(lambda: next(results), seconds)


def _prepare(pictures, size, blur_rate, strength):
    import torch
    from torchvision import transforms

    torch.set_num_threads(1)
    jitter = transforms.ColorJitter(*(0.8 * strength,) * 3, 0.2 * strength)
    chain = [
        transforms.RandomResizedCrop(size),
        transforms.RandomHorizontalFlip(),
        transforms.RandomApply([jitter], 0.8),
        transforms.RandomGrayscale(0.2),
    ]
    if blur_rate:
        blur = transforms.GaussianBlur(2 * (size // 20) + 1, (0.1, 2.0))
        chain.append(transforms.RandomApply([blur], blur_rate))
    global _pictures, _chain
    _pictures, _chain = pictures, transforms.Compose([*chain, transforms.ToTensor()])


def _view(_):
    _chain(_pictures[np.random.randint(len(_pictures))])
    return 1


def rate(step, seconds):
    """Returns what `step` counts per second, the best of three rounds."""
    for _ in range(3):
        step()
    best = 0.0
    for _ in range(3):
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            count += step()
        best = max(best, count / (time.perf_counter() - start))
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    seconds = parser.parse_args().seconds
    peer = importlib.util.find_spec("torchvision") is not None
    rows = []
    for size, blur_rate, strength, batch_size in SETTINGS:
        shape = (batch_size, size, size, 3)
        images = np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
        options = images, size, blur_rate, strength
        # The peer first: its workers must fork before TensorFlow has threads.
        rows.append(
            (size, "torchvision", torchvision(*options, seconds) if peer else 0)
        )
    for size, blur_rate, strength, batch_size in SETTINGS:
        shape = (batch_size, size, size, 3)
        images = np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")
        options = images, size, blur_rate, strength
        rows.append((size, "kerassl, graph", ours(*options, False, seconds)))
        rows.append((size, "kerassl, XLA", ours(*options, True, seconds)))
    print("| size | by | views per second |\n|---|---|---|")
    for size, name, speed in sorted(rows, key=lambda row: row[0]):
        print(f"| {size} | {name} | {f'{speed:,.0f}' if speed else 'not installed'} |")


if __name__ == "__main__":
    main()
