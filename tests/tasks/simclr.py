"""SimCLR on a ResNet of two stages."""

from kerassl import encoders, models
from tasks.parts.images import images, views
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.SimCLR
KILLED = Killed("simclr_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        encoder = encoders.resnet(
            (8, 8, 1), depths=(1, 1), widths=(8, 16), dtype=dtype, name="encoder"
        )
        return models.SimCLR(encoder, views(), projection_dim=8, temperature=0.2)

    return make, images(), 16
