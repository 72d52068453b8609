"""SupCon."""

import numpy as np

from kerassl import models
from kerassl.data import ArraySource
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.SupCon
KILLED = Killed("supcon_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        return models.SupCon(
            small_resnet(dtype), views(), projection_dim=8, hidden_dims=(8,)
        )

    labels = np.random.default_rng(1).integers(0, 5, 48)
    return make, ArraySource(images(), labels=labels), 16
