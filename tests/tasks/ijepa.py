"""I-JEPA."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import Killed

MODEL = models.IJEPA
PREDICTOR = {"predictor_dim": 8, "predictor_layers": 1, "predictor_heads": 2}
KILLED = Killed(
    "ijepa_digits",
    {
        "encoder.input_shape": [8, 8, 1],
        "encoder.patch_size": 2,
        "encoder.num_layers": 1,
        "encoder.num_heads": 2,
        "encoder.hidden_dim": 8,
        "pretext.size": 8,
        "pretext.patch_size": 2,
        "pretext.num_targets": 2,
        **{f"model.{name}": value for name, value in PREDICTOR.items()},
    },
    ("target/updates",),
)


def task():
    def make(dtype="float32"):
        encoder = encoders.vit(
            (8, 8, 1),
            patch_size=2,
            num_layers=1,
            num_heads=2,
            hidden_dim=8,
            dtype=dtype,
            name="encoder",
        )
        blocks = pretext.MultiBlock(8, 2, num_targets=2, jit_compile=False)
        return models.IJEPA(
            encoder, blocks, total_steps=5, base_momentum=0.8, **PREDICTOR
        )

    return make, images(), 16
