"""Triplets, with semi-hard negatives."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.Triplet
KILLED = Killed("triplet_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        # A wide margin: nearly all triplets are active, and none by a rounding.
        return models.Triplet(small_resnet(dtype), views(), projection_dim=8, margin=1)

    return make, images(), 16
