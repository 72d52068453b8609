"""A VQ-VAE of two convolutions."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import IMAGE, Killed

MODEL = models.VQVAE
KILLED = Killed(
    "vqvae_digits",
    IMAGE | {"encoder.widths": [8], "encoder.feature_dim": 4, "model.num_codes": 6},
    ("codes", "counts", "sums"),
)


def task():
    def make(dtype="float32"):
        encoder = encoders.conv((8, 8, 1), (8,), 4, grid=True, dtype=dtype)
        return models.VQVAE(encoder, pretext.Reconstruct(), num_codes=6, decay=0.9)

    return make, images(), 16
