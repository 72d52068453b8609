"""BYOL."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.BYOL
KILLED = Killed("byol_fashion", PLAIN_CNN, ("target/updates",))


def task():
    def make(dtype="float32"):
        return models.BYOL(
            small_resnet(dtype),
            views(solarize_rate=(0.0, 0.2)),
            total_steps=5,
            projection_dim=8,
            hidden_dim=16,
            base_tau=0.8,
        )

    return make, images(), 16
