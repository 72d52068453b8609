"""A variational autoencoder of dense layers."""

from kerassl import encoders, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import IMAGE, Killed

MODEL = models.VAE
KILLED = Killed(
    "vae_digits",
    IMAGE | {"encoder.hidden_dims": [16, 4], "pretext.noise_dim": 4},
)


def encoder(dtype):
    return encoders.dense(
        (8, 8, 1), hidden_dims=(16, 4), linear_features=True, dtype=dtype
    )


def task():
    def make(dtype="float32"):
        return models.VAE(encoder(dtype), pretext.ExampleAndNoise(4))

    return make, images(), 16


def task_free_bits():
    """Whose divergence is a statistic of the whole batch."""

    def make(dtype="float32"):
        noise = pretext.ExampleAndNoise(4)
        return models.VAE(encoder(dtype), noise, beta=0.5, free_bits=0.1)

    return make, images(), 16
