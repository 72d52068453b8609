"""CPC over patches."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import Killed

MODEL = models.PatchCPC
KILLED = Killed(
    "cpc_digits",
    {"encoder.encoder.widths": [4], "encoder.encoder.feature_dim": 8}
    | {"model.context_dim": 4, "model.context_depth": 1},
)


def task():
    def make(dtype="float32"):
        patches = encoders.conv((4, 4, 1), (4,), 6, activation="tanh", dtype=dtype)
        return models.PatchCPC(
            encoders.patch_grid(patches, (8, 8, 1), stride=2),
            pretext.RandomView(8, crop_scale=(0.6, 1.0), jit_compile=False),
            last_step=2,
            target_dim=6,
            context_dim=4,
            context_depth=1,
            prediction_scale=1.0,
        )

    return make, images(), 12
