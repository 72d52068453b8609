"""VICReg."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import RESNET, Killed

MODEL = models.VICReg
KILLED = Killed("vicreg_digits", RESNET)


def task():
    def make(dtype="float32"):
        return models.VICReg(
            small_resnet(dtype), views(), projection_dim=12, hidden_dims=(8,)
        )

    return make, images(), 16
