"""SimCLR's two views of each image, on all cores."""

import os

import numpy as np

from benchmarks.speed.workload import Workload, ours, peer


def torchvision(settings, clock):
    """torchvision's transforms of PIL images, one worker a core."""
    import torch  # noqa: F401  so that its import is no part of the first batch
    from PIL import Image
    from torchvision import transforms

    clock.begin()
    images = [Image.fromarray(image) for image in _images(settings)]
    chain = _chain(settings, transforms, [transforms.ToTensor()])
    _load(lambda i: (chain(images[i]), chain(images[i])), settings, clock)


def torchvision_v2(settings, clock):
    """torchvision's transforms of tensors, one worker a core."""
    import torch
    from torchvision.transforms import v2

    clock.begin()
    images = torch.from_numpy(_images(settings)).permute(0, 3, 1, 2).contiguous()
    chain = _chain(settings, v2, [v2.ToDtype(torch.float32, scale=True)])
    _load(lambda i: (chain(images[i]), chain(images[i])), settings, clock)


def kerassl(settings, clock, **options):
    """`TwoViews` in `Dataset.map`."""
    import tensorflow as tf

    from kerassl.pretext import TwoViews

    clock.begin()
    layer = TwoViews(
        settings["size"],
        blur_rate=settings["blur_rate"],
        color_strength=settings["color_strength"],
        **options,
    )
    batch = tf.constant(_images(settings))
    numbers = tf.data.Dataset.range(2**62)
    views = numbers.map(
        lambda n: layer(batch, tf.stack([0, n]))[0],
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    for _ in views.prefetch(tf.data.AUTOTUNE):
        if clock.tick():
            break


def kerassl_graph(settings, clock):
    """The same without XLA."""
    kerassl(settings, clock, jit_compile=False)


def _images(settings):
    shape = settings["batch_size"], settings["size"], settings["size"], 3
    return np.random.default_rng(0).integers(0, 256, shape, dtype="uint8")


def _chain(settings, transforms, last):
    """Returns the paper's transforms, from either of torchvision's modules."""
    strength, size = settings["color_strength"], settings["size"]
    jitter = transforms.ColorJitter(*(0.8 * strength,) * 3, 0.2 * strength)
    chain = [
        transforms.RandomResizedCrop(size),
        transforms.RandomHorizontalFlip(),
        transforms.RandomApply([jitter], 0.8),
        transforms.RandomGrayscale(0.2),
    ]
    if settings["blur_rate"]:
        blur = transforms.GaussianBlur(2 * (size // 20) + 1, (0.1, 2.0))
        chain.append(transforms.RandomApply([blur], settings["blur_rate"]))
    return transforms.Compose([*chain, *last])


def _load(pair_of, settings, clock):
    from torch.utils.data import DataLoader

    class Pairs:
        """The same images again and again, each as two views."""

        def __len__(self):
            return 1 << 40

        def __getitem__(self, i):
            return pair_of(i % settings["batch_size"])

    loader = DataLoader(
        Pairs(),
        batch_size=settings["batch_size"],
        num_workers=len(os.sched_getaffinity(0)),
    )
    for _ in loader:
        if clock.tick():
            break


CLOCK = {"warmup": 8, "steps": 8, "seconds": 4.0}

WORKLOAD = Workload(
    summary="SimCLR's two views of random uint8 images: at 32 x 32 without blur in "
    "batches of 256, at 96 x 96 with blur in batches of 64.",
    unit="views",
    amount=lambda settings: 2 * settings["batch_size"],
    settings={
        "32": {
            "size": 32,
            "batch_size": 256,
            "blur_rate": 0.0,
            "color_strength": 0.5,
            "clock": CLOCK,
        },
        "96": {
            "size": 96,
            "batch_size": 64,
            "blur_rate": 0.5,
            "color_strength": 1.0,
            "clock": CLOCK,
        },
    },
    quick={
        "size": 8,
        "batch_size": 4,
        "blur_rate": 0.0,
        "color_strength": 0.5,
        "clock": {"warmup": 2, "steps": 4},
    },
    contenders={
        "torchvision": peer(torchvision, "torch", "torchvision", "pillow"),
        "torchvision-v2": peer(torchvision_v2, "torch", "torchvision"),
        "kerassl-graph": ours(kerassl_graph),
        "kerassl": ours(kerassl),
    },
)
