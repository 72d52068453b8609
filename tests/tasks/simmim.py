"""SimMIM."""

from kerassl import models
from tasks.parts.images import images
from tasks.parts.patches import VIT, masks, small_vit
from tasks.parts.runs import Killed

MODEL = models.SimMIM
KILLED = Killed("simmim_digits", VIT | {"pretext.unit_size": 4})


def task():
    def make(dtype="float32"):
        return models.SimMIM(small_vit(dtype), masks(mask_ratio=0.6, unit_size=4))

    return make, images(), 16
