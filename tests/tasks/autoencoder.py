"""An autoencoder of dense layers."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import IMAGE, Killed

MODEL = models.Autoencoder
KILLED = Killed("autoencoder_dense", IMAGE)


def task():
    def make(dtype="float32"):
        encoder = encoders.dense((8, 8, 1), hidden_dims=(16, 8), dtype=dtype)
        return models.Autoencoder(encoder, pretext=pretext.Reconstruct())

    return make, images(), 16
