"""SimCLR: a step of a ResNet-18 for small images."""

import numpy as np

from benchmarks.speed.workload import Workload, ours, peer

TEMPERATURE = 0.1


def torch(settings, clock, compiled=False):
    """torchvision's ResNet-18 with the small stem, channels last."""
    import torch
    import torchvision
    from torch import nn
    from torch.nn.functional import cross_entropy, normalize

    from benchmarks.speed import torch_steps

    clock.begin()
    # (2 * batch, channels, height, width), both views in one pass
    images = torch.from_numpy(np.concatenate(_views(settings)))
    images = images.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    encoder = torchvision.models.ResNet(
        torchvision.models.resnet.BasicBlock,
        settings["depths"],
        zero_init_residual=True,
    )
    encoder.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    encoder.maxpool = nn.Identity()
    encoder.fc = nn.Sequential(
        nn.Linear(512, 512, bias=False),
        nn.BatchNorm1d(512),
        nn.ReLU(inplace=True),
        nn.Linear(512, 128),
    )
    positives = torch.arange(len(images)).roll(len(images) // 2)

    def loss_of(model):
        z = normalize(model(images), dim=1)
        logits = z @ z.T / TEMPERATURE
        return cross_entropy(logits.fill_diagonal_(-1e9), positives)

    model = encoder.to(memory_format=torch.channels_last)
    torch_steps.train(model, loss_of, clock, compiled)


def torch_compiled(settings, clock):
    """The same under `torch.compile`."""
    torch(settings, clock, compiled=True)


def kerassl(settings, clock, by="fit"):
    """`SimCLR` by `fit`."""
    from benchmarks.speed import keras_steps
    from kerassl.encoders import resnet
    from kerassl.models import SimCLR

    clock.begin()
    view1, view2 = _views(settings)
    encoder = resnet(view1.shape[1:], depths=settings["depths"])
    task = SimCLR(encoder, temperature=TEMPERATURE)
    task.compile(keras_steps.adamw())
    batch = ({"view1": view1, "view2": view2},)
    getattr(keras_steps, by)(task, batch, clock)


def kerassl_graph(settings, clock):
    """The step of `SimCLR` without the trainer."""
    kerassl(settings, clock, by="graph")


def _views(settings):
    """Returns two float arrays (batch, height, width, 3): no two rows are alike."""
    shape = 2, settings["batch_size"], settings["size"], settings["size"], 3
    return np.random.default_rng(0).random(shape, dtype="float32")


WORKLOAD = Workload(
    summary="A step of SimCLR: a ResNet-18 with the stem for small images, two views "
    "of 64 images of 32 x 32 pixels, AdamW, float32.",
    unit=None,
    amount=lambda settings: 2 * settings["batch_size"],
    settings={
        "resnet18": {
            "batch_size": 64,
            "size": 32,
            "depths": [2, 2, 2, 2],
            "clock": {"warmup": 2, "steps": 10},
        }
    },
    quick={
        "batch_size": 4,
        "size": 8,
        "depths": [1, 1, 1, 1],
        "clock": {"warmup": 1, "steps": 5},
    },
    contenders={
        "torch": peer(torch, "torch", "torchvision"),
        "torch-compiled": peer(torch_compiled, "torch", "torchvision"),
        "kerassl-graph": ours(kerassl_graph),
        "kerassl": ours(kerassl),
    },
)
