"""I-JEPA."""

from kerassl import models, pretext
from tasks.parts.images import images
from tasks.parts.patches import VIT, small_vit
from tasks.parts.runs import Killed

MODEL = models.IJEPA
PREDICTOR = {"predictor_dim": 8, "predictor_layers": 1, "predictor_heads": 2}
KILLED = Killed(
    "ijepa_digits",
    {
        **VIT,
        "pretext.num_targets": 2,
        **{f"model.{name}": value for name, value in PREDICTOR.items()},
    },
    ("target/updates",),
)


def task():
    def make(dtype="float32"):
        blocks = pretext.MultiBlock(8, 2, num_targets=2, jit_compile=False)
        options = {"total_steps": 5, "base_momentum": 0.8, **PREDICTOR}
        return models.IJEPA(small_vit(dtype), blocks, **options)

    return make, images(), 16
