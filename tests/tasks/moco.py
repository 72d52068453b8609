"""MoCo."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.MoCo
KILLED = Killed(
    "moco_fashion",
    PLAIN_CNN | {"model.queue_size": 40},
    ("momentum_encoder/updates", "queue/rows", "queue/position"),
)


def task():
    def make(dtype="float32"):
        # The batch does not divide the queue, so that it wraps around.
        return models.MoCo(
            small_resnet(dtype),
            views(),
            projection_dim=8,
            queue_size=40,
            momentum=0.8,
        )

    return make, images(), 16
