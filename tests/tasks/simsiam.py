"""SimSiam."""

from kerassl import models
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.SimSiam
KILLED = Killed("simsiam_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        return models.SimSiam(
            small_resnet(dtype),
            views(),
            projection_dim=8,
            hidden_dims=(8,),
            predictor_dim=4,
        )

    return make, images(), 16
