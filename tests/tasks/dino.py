"""DINO."""

from kerassl import models, pretext
from tasks.parts.images import images, small_resnet, views
from tasks.parts.patches import OWN_TEACHER, small_vit
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
        encoder = small_vit(dtype, patch_size=4, output="class_token")
        crops = pretext.MultiCrop(
            8, 4, num_local_views=1, blur_rate=0.0, jit_compile=False
        )
        return models.DINO(encoder, crops, **OWN_TEACHER)

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
