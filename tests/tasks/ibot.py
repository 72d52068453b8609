"""iBOT."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import Killed

MODEL = models.IBOT
KILLED = Killed(
    "ibot_digits",
    {
        "encoder.input_shape": [8, 8, 1],
        "encoder.patch_size": 4,
        "encoder.num_layers": 1,
        "encoder.num_heads": 2,
        "encoder.hidden_dim": 8,
        "pretext.size": 8,
        "pretext.local_size": 4,
        "pretext.patch_size": 4,
        "model.output_dim": 12,
        "model.hidden_dim": 8,
    },
    ("teacher/updates", "centre/centre", "patch_centre/centre"),
)


def task():
    def make(dtype="float32"):
        encoder = encoders.vit(
            (8, 8, 1),
            patch_size=4,
            num_layers=1,
            num_heads=2,
            hidden_dim=8,
            dtype=dtype,
            name="encoder",
        )
        crops = pretext.MaskedCrops(
            8, 4, 4, num_local_views=1, blur_rate=0.0, jit_compile=False
        )
        return models.IBOT(
            encoder,
            crops,
            total_steps=5,
            output_dim=12,
            hidden_dim=16,
            bottleneck_dim=8,
            # High, since fixed weights make all images nearly alike, and the paper's
            # low ones then magnify what half precision rounds.
            student_temperature=1.0,
            teacher_temperature=0.5,
            warmup_teacher_temperature=0.8,
            warmup_steps=2,
            base_momentum=0.8,
            freeze_steps=1,
        )

    return make, images(), 16
