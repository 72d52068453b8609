"""Distillation from a network with other weights and a wider last stage."""

from kerassl import encoders, models, pretext, testing
from tasks.parts.images import images, small_resnet

MODEL = models.Distillation


def task():
    def make(dtype="float32"):
        teacher = encoders.resnet((8, 8, 1), depths=(1,), widths=(12,), dtype=dtype)
        return models.Distillation(
            small_resnet(dtype),
            pretext.RandomView(8, jit_compile=False),
            # It is not trained, so the checks leave its weights as they are made.
            teacher=testing.fix_weights(teacher, seed=1),
        )

    return make, images(), 16
