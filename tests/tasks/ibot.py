"""iBOT."""

from kerassl import models, pretext
from tasks.parts.images import images
from tasks.parts.patches import OWN_TEACHER, VIT, small_vit
from tasks.parts.runs import Killed

MODEL = models.IBOT
KILLED = Killed(
    "ibot_digits",
    VIT
    | {
        "encoder.patch_size": 4,
        "pretext.local_size": 4,
        "pretext.patch_size": 4,
        "model.output_dim": 12,
        "model.hidden_dim": 8,
    },
    ("teacher/updates", "centre/centre", "patch_centre/centre"),
)


def task():
    def make(dtype="float32"):
        crops = pretext.MaskedCrops(
            8, 4, 4, num_local_views=1, blur_rate=0.0, jit_compile=False
        )
        return models.IBOT(small_vit(dtype, patch_size=4), crops, **OWN_TEACHER)

    return make, images(), 16
