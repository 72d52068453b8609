"""A DCGAN, and one by the Wasserstein distance with a gradient penalty."""

from kerassl import encoders, losses, models, pretext
from tasks.parts.images import images
from tasks.parts.runs import IMAGE, Killed

MODEL = models.GAN
# What is added to all scores does not change a difference of two.
UNMOVED = {"GAN-wgan_gp": ("head/bias",)}
KILLED = Killed(
    "dcgan_fashion",
    IMAGE
    | {
        "encoder.widths": [4],
        "model.generator.widths": [4],
        "model.generator.output_shape": [8, 8, 1],
        # The kill falls amid a turn.
        "model.discriminator_steps": 2,
    },
    ("adam/conv_kernel_momentum", "adam/project_kernel_momentum"),
)


def task():
    def make(dtype="float32"):
        return models.GAN(
            encoders.dcgan_discriminator((8, 8, 1), (4, 8), 4, dtype=dtype),
            pretext.ImagesAndNoise(noise_dim=6),
            generator=generator(dtype),
        )

    return make, images(), 16


def task_wgan_gp():
    def make(dtype="float32"):
        return models.GAN(
            encoders.dcgan_discriminator((8, 8, 1), (4, 8), 4, False, dtype=dtype),
            pretext.ImagesAndNoise(noise_dim=6, noise="normal"),
            generator=generator(dtype),
            loss=losses.Wasserstein(),
            discriminator_steps=2,
            simultaneous=True,
        )

    return make, images(), 16


def generator(dtype):
    return encoders.dcgan_generator((8, 8, 1), 6, (8, 4), 4, dtype=dtype)
