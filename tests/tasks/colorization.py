"""Colourisation."""

import numpy as np

from kerassl import models, pretext
from tasks.parts.images import images, small_resnet
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.Colorization
KILLED = Killed(
    "colorization_cifar10", PLAIN_CNN, ("prior", "class_weights"), colored=True
)


def task():
    def make(dtype="float32"):
        layer = pretext.Colorize(8, (0.6, 1.0), jit_compile=False)
        return models.Colorization(small_resnet(dtype), layer, hidden_dim=6, grid=40)

    grey = images()
    return make, np.concatenate([grey, grey[::-1], 255 - grey], axis=-1), 16
