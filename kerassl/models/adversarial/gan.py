"""The generative adversarial network: a discriminator learns what images have."""

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer
from kerassl.errors import InvalidValue
from kerassl.losses.adversarial import (
    AdversarialLoss,
    NonSaturating,
    gradient_penalty,
)
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import keep_untracked, with_head

# Of the figure that `draw` makes: the noise is the same every time.
DRAWN_ROWS, DRAWN_SEED = 4, 0


@keras.saving.register_keras_serializable(package="kerassl")
class GAN(PretextModel):
    """Trains a discriminator and a generator against each other.

    The generator makes samples of noise; the discriminator scores images and
    samples, high for images. The encoder is the discriminator without its last
    layer; the generator is the second product. With
    `kerassl.encoders.dcgan_discriminator` and `dcgan_generator` it is DCGAN.
    WGAN-GP is the loss `kerassl.losses.Wasserstein()`, a discriminator without
    batch normalisation, `discriminator_steps=5` and `ImagesAndNoise` with
    `noise="normal"`: the preset `wgan_gp_fashion`.

    `compile` takes a dict of two optimizers, "discriminator" and "generator";
    DCGAN's are `Adam(2e-4, beta_1=0.5)`, WGAN-GP's `Adam(1e-4, beta_1=0.0,
    beta_2=0.9)`.

    `kerassl.encoders.layer_grids(task.encoder)` gives the features of all layers,
    as DCGAN's authors measure them.

    Args:
        encoder: A functional `keras.Model` from images in [-1, 1] to a vector,
            or to a feature map, which is averaged.
        pretext: A pretext layer that gives images and noise, such as
            `kerassl.pretext.ImagesAndNoise`.
        generator: A `keras.Model` from noise (batch, noise_dim) to images in
            [-1, 1].
        loss: A `kerassl.losses.AdversarialLoss`; None for `NonSaturating()`,
            the paper's.
        discriminator_steps: The generator is updated in every step of this
            number, the discriminator in every one; k in the GAN paper and
            n_critic in WGAN-GP's.
        simultaneous: Whether both are updated from gradients at the same
            weights. Else the generator's gradient, as in the paper, is taken
            after the discriminator's update.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        head: The discriminator's last layer, of no use after pretraining.
        adversarial_loss: The loss.

    Input:
        `{"images", "discriminator_noise", "generator_noise", "epsilon"}` as
        `ImagesAndNoise` makes it.

    Output:
        Dict of float tensors: scores (batch,) of images ("real"), of the
        samples that the discriminator learns from ("fake") and of those that
        the generator does ("generated"); and "samples" (batch, height, width,
        channels), those scored as "fake".

    Logs:
        loss: Sum over the players that a step updated, penalty included.
        discriminator_loss: The discriminator's, without the penalty. Under
            `Wasserstein` its negative estimates the earth mover's distance.
        generator_loss: The generator's, on the samples shown to the
            discriminator.
        told_apart: Share of pairs (image, sample) in which the image's score
            is the higher one; 0.5 where the discriminator cannot tell.

    Raises:
        ValueError: If the generator does not fit the encoder or the pretext
            layer, `discriminator_steps` is below 1, or the encoder normalises
            over the batch while the loss has a gradient penalty.

    Example:
        >>> from kerassl.data import digits
        >>> from kerassl.encoders import dcgan_discriminator, dcgan_generator
        >>> from kerassl.pretext import ImagesAndNoise
        >>> task = GAN(
        ...     dcgan_discriminator((8, 8, 1), widths=(8, 16)),
        ...     ImagesAndNoise(noise_dim=4),
        ...     generator=dcgan_generator((8, 8, 1), noise_dim=4, widths=(16, 8)),
        ... )
        >>> task.compile({"discriminator": "adam", "generator": "adam"})
        >>> data = task.dataset(digits(), batch_size=64)
        >>> history = task.fit(data, steps_per_epoch=2, verbose=0)
        >>> task.generate(3).shape
        (3, 8, 8, 1)

    References:
        Goodfellow et al., 2014, https://arxiv.org/abs/1406.2661
        Radford et al., 2015, https://arxiv.org/abs/1511.06434
        Gulrajani et al., 2017, https://arxiv.org/abs/1704.00028
    """

    default_measures = ("classification",)
    tracked = ("discriminator_loss", "generator_loss", "told_apart")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        generator,
        loss: AdversarialLoss | None = None,
        discriminator_steps: int = 1,
        simultaneous: bool = False,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        self.generator = generator
        self.adversarial_loss = NonSaturating() if loss is None else loss
        self.discriminator_steps = discriminator_steps
        self.simultaneous = simultaneous
        self._check()
        self.head = keras.layers.Dense(
            1,
            kernel_initializer=keras.initializers.RandomNormal(0.0, 0.02),
            dtype="float32",
            name="head",
        )
        keep_untracked(self, _discriminator=with_head(encoder, self.head))
        self.built = True

    def players(self):
        return {
            "discriminator": [
                *self.encoder.trainable_variables,
                *self.head.trainable_variables,
            ],
            "generator": self.generator.trainable_variables,
        }

    def steps_per_update(self):
        return {"generator": self.discriminator_steps}

    def propagate(self, x, training):
        return {
            name: output
            for player in self.players()
            for name, output in self.propagate_for(player, x, training).items()
        }

    def propagate_for(self, player, x, training):
        if player == "generator":
            samples = self.generator(x["generator_noise"], training=training)
            return {"generated": self._scores(samples, training)}
        samples = self.generator(x["discriminator_noise"], training=training)
        samples = ops.stop_gradient(samples)
        # Apart, so that batch normalisation does not mix images and samples.
        return {
            "real": self._scores(x["images"], training),
            "fake": self._scores(samples, training),
            "samples": samples,
        }

    def objective(self, x, y, outputs, training):
        return {
            player: self.objective_for(player, x, y, outputs, training)
            for player in self.players()
        }

    def objective_for(self, player, x, y, outputs, training):
        loss = self.adversarial_loss
        if player == "generator":
            return {"generator": loss.generator(outputs["generated"])}
        terms = {"discriminator": loss.discriminator(outputs["real"], outputs["fake"])}
        if loss.penalty_weight:
            gradient = distribute.input_gradient(
                lambda images: self._scores(images, training),
                x["epsilon"] * x["images"] + (1 - x["epsilon"]) * outputs["samples"],
            )
            terms["penalty"] = loss.penalty_weight * gradient_penalty(gradient)
        return terms

    def measures(self, x, y, outputs):
        loss, real, fake = self.adversarial_loss, outputs["real"], outputs["fake"]
        signs = ops.sign(real[:, None] - distribute.all_gather(fake)[None, :])
        return {
            "discriminator_loss": loss.discriminator(real, fake),
            "generator_loss": loss.generator(fake),
            "told_apart": ops.mean((signs + 1) / 2, axis=1),
        }

    def generate(self, noise, seed: int = 0, batch_size: int = 256):
        """Returns samples of the generator.

        Args:
            noise: How many samples, whose noise the pretext layer draws; or
                the noise itself, float array (samples, noise_dim).
            seed: Integer from which the noise is drawn.
            batch_size: Samples at a time.

        Returns:
            Float32 NumPy array (samples, height, width, channels) in [0, 1].

        Raises:
            ValueError: If a number is given and there is no pretext layer.
        """
        if isinstance(noise, int):
            if self.pretext is None:
                raise InvalidValue(
                    "`noise` must be an array for a GAN without a pretext layer. "
                    f"Received: {noise}"
                )
            noise = self.pretext.draw_noise(noise, (seed, 0)).numpy()
        distribute.read_state(self)
        images = self.generator.predict(noise, batch_size=batch_size, verbose=0)
        return (ops.convert_to_numpy(images).astype("float32") + 1.0) / 2.0

    def draw(self, inputs):
        """Returns a figure: images above, samples of fixed noise below.

        Args:
            inputs: Raw images, one a column.

        Returns:
            `matplotlib.figure.Figure`.
        """
        from kerassl.pictures import image_rows

        images = (self.pretext.prepare(inputs).numpy() + 1.0) / 2.0
        samples = self.generate(DRAWN_ROWS * len(images), seed=DRAWN_SEED)
        rows = samples.reshape(DRAWN_ROWS, len(images), *samples.shape[1:])
        titles = ["images", "samples", *[""] * (DRAWN_ROWS - 1)]
        return image_rows([images, *rows], titles)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "generator": serialize(self.generator),
            "loss": serialize(self.adversarial_loss),
            "discriminator_steps": self.discriminator_steps,
            "simultaneous": self.simultaneous,
        }

    def _scores(self, images, training):
        return self._discriminator(images, training=training)[:, 0]  # (batch,)

    def _check(self):
        made, taken = self.generator.output_shape, self.encoder.input_shape
        if made != taken:
            raise InvalidValue(
                f"`generator` must make what the encoder takes, {taken}. "
                f"Received: {made}"
            )
        noise_dim = getattr(self.pretext, "noise_dim", self.generator.input_shape[-1])
        if self.generator.input_shape[-1] != noise_dim:
            raise InvalidValue(
                f"`generator` must take the {noise_dim} numbers of the pretext "
                f"layer's noise. Received: {self.generator.input_shape[-1]}"
            )
        if not isinstance(self.adversarial_loss, AdversarialLoss):
            raise InvalidValue(
                "`loss` must be a kerassl.losses.AdversarialLoss. Received: "
                f"{self.adversarial_loss!r}"
            )
        check_integer("discriminator_steps", self.discriminator_steps, least=1)
        norms = [
            layer.name
            for layer in self.encoder._flatten_layers()
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        if self.adversarial_loss.penalty_weight and norms:
            raise InvalidValue(
                "`encoder` must not normalise over the batch where the loss has a "
                "gradient penalty, which holds for each image alone. Received the "
                f"layers {norms}"
            )
