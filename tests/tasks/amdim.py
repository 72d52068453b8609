"""AMDIM."""

from kerassl import encoders, models
from tasks.parts.images import images, views
from tasks.parts.runs import Killed

MODEL = models.AMDIM
KILLED = Killed("amdim_digits", {"encoder.widths": [4, 4, 4, 6]})


def task():
    def make(dtype="float32"):
        encoder = encoders.multiscale_cnn(
            (8, 8, 1), (4, 4, 6), (4, 3, 3), (1, 1, 1), depth=1, dtype=dtype
        )
        return models.AMDIM(encoder, views(), map_names=("map3", "map5"))

    return make, images(), 16
