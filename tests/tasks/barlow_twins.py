"""Barlow Twins."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.BarlowTwins
KILLED = Killed("barlow_twins_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        return models.BarlowTwins(
            small_resnet(dtype), views(), projection_dim=12, hidden_dims=(8,)
        )

    return make, images(), 16
