"""The Gated PixelCNN."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import Killed

MODEL = models.PixelCNN
KILLED = Killed(
    "pixel_cnn_digits",
    {"encoder.width": 4, "encoder.num_layers": 1, "model.hidden_dim": 4},
    ("place_nats", "neighbour_nats"),
)


def task():
    def make(dtype="float32"):
        encoder = encoders.gated_pixel_cnn((8, 8, 1), 8, 1, 3, dtype=dtype)
        return models.PixelCNN(encoder, pretext.NextPixel(levels=3), hidden_dim=8)

    return make, images(), 16
