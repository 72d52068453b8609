"""MAE."""

from kerassl import models
from tasks.parts.images import images
from tasks.parts.patches import VIT, masks, small_vit
from tasks.parts.runs import Killed

MODEL = models.MAE
KILLED = Killed(
    "mae_digits",
    VIT | {"model.decoder_dim": 8, "model.decoder_layers": 1, "model.decoder_heads": 2},
)


def task():
    def make(dtype="float32"):
        return models.MAE(
            small_vit(dtype, positions="sin_cos"),
            masks(),
            decoder_dim=8,
            decoder_layers=1,
            decoder_heads=2,
        )

    return make, images(), 16
