"""DropPos."""

from kerassl import models
from tasks.parts.images import images
from tasks.parts.patches import VIT, masks, small_vit
from tasks.parts.runs import Killed

MODEL = models.DropPos
DECODER = {"decoder_dim": 8, "decoder_layers": 1, "decoder_heads": 2}
KILLED = Killed(
    "droppos_digits",
    VIT | {f"model.{name}": value for name, value in DECODER.items()},
    ("drop_pos/steps",),
)


def task():
    def make(dtype="float32"):
        return models.DropPos(
            small_vit(dtype, positions="sin_cos"),
            masks(mask_ratio=0.5),
            total_steps=5,
            # Fixed weights make features nearly alike: a low temperature would
            # magnify what half precision rounds.
            affinity_temperature=1.0,
            **DECODER,
        )

    return make, images(), 16
