"""MoCo v3."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.MoCoV3
KILLED = Killed("moco_v3_digits", PLAIN_CNN, ("momentum_encoder/updates",))


def task():
    def make(dtype="float32"):
        return models.MoCoV3(
            small_resnet(dtype),
            views(),
            total_steps=5,
            projection_dim=8,
            hidden_dims=(8,),
            predictor_dim=8,
            base_momentum=0.8,
        )

    return make, images(), 16
