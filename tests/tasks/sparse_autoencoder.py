"""A sparse autoencoder of one dense layer."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import IMAGE, Killed

MODEL = models.SparseAutoencoder
KILLED = Killed("sparse_digits", IMAGE | {"encoder.hidden_dims": [12]})


def task():
    def make(dtype="float32"):
        encoder = encoders.dense(
            (8, 8, 1), hidden_dims=(12,), activation="sigmoid", dtype=dtype
        )
        return models.SparseAutoencoder(encoder, pretext=pretext.Reconstruct())

    return make, images(), 16
