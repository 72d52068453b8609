"""SimCLR, its views compiled, on a ResNet of two stages."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import PLAIN_CNN, Killed

MODEL = models.SimCLR
KILLED = Killed("simclr_digits", PLAIN_CNN)


def task():
    def make(dtype="float32"):
        encoder = encoders.resnet(
            (8, 8, 1), depths=(1, 1), widths=(8, 16), dtype=dtype, name="encoder"
        )
        views = pretext.TwoViews(8, blur_rate=0.0, crop_scale=(0.4, 1.0))
        return models.SimCLR(encoder, views, projection_dim=8, temperature=0.2)

    return make, images(), 16
