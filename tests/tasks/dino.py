"""DINO."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images, small_resnet, views
from tasks.parts.runs import RESNET, Killed

MODEL = models.DINO
KILLED = Killed(
    "dino_digits",
    RESNET | {"pretext.local_size": 8, "model.output_dim": 12, "model.hidden_dim": 8},
    ("teacher/updates", "centre/centre"),
)


HEAD = {"output_dim": 12, "hidden_dim": 8, "bottleneck_dim": 4}


def task():
    """With local views of another size, past a ViT and the warm-ups."""

    def make(dtype="float32"):
        encoder = encoders.vit(
            (8, 8, 1),
            patch_size=4,
            num_layers=1,
            num_heads=2,
            hidden_dim=8,
            output="class_token",
            dtype=dtype,
            name="encoder",
        )
        crops = pretext.MultiCrop(
            8, 4, num_local_views=1, blur_rate=0.0, jit_compile=False
        )
        return models.DINO(
            encoder,
            crops,
            total_steps=5,
            **HEAD | {"hidden_dim": 16, "bottleneck_dim": 8},
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


def task_two_views():
    """With two views alone, past batch normalisation."""

    def make(dtype="float32"):
        return models.DINO(
            small_resnet(dtype),
            views(),
            total_steps=5,
            **HEAD,
            base_momentum=0.8,
        )

    return make, images(), 16
