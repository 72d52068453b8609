"""Decoupled contrastive learning, its weighted form."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.DecoupledContrastive
KILLED = Killed("decoupled_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        # The weights are a statistic of the batch; without them all is per example.
        return models.DecoupledContrastive(
            small_resnet(dtype), views(), projection_dim=8, temperature=0.2, sigma=0.5
        )

    return make, images(), 16
