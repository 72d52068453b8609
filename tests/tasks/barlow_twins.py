"""Barlow Twins."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views

MODEL = models.BarlowTwins


def task():
    def make(dtype="float32"):
        return models.BarlowTwins(
            small_resnet(dtype), views(), projection_dim=12, hidden_dims=(8,)
        )

    return make, images(), 16
