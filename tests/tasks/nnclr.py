"""NNCLR."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.NNCLR
KILLED = Killed(
    "nnclr_digits",
    PLAIN_CNN | {"model.queue_size": 40},
    ("queue/rows", "queue/position"),
)


def task():
    def make(dtype="float32"):
        # The batch does not divide the queue, so that it wraps around.
        return models.NNCLR(
            small_resnet(dtype),
            views(),
            projection_dim=8,
            hidden_dims=(8,),
            predictor_dim=8,
            queue_size=40,
            # At 0.1 rounding grows above what replicas may differ by.
            temperature=0.5,
        )

    return make, images(), 16
