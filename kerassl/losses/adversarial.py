"""Losses of adversarial learning: a discriminator against a generator."""

import keras
from keras import ops

from kerassl.checks import check_number


class AdversarialLoss:
    """The losses of a generator and a discriminator; the base of your own.

    Args:
        penalty_weight: Weight of `gradient_penalty` in the discriminator's
            loss, 0 or more.

    Raises:
        ValueError: If `penalty_weight` is below 0.
    """

    def __init__(self, penalty_weight: float = 0.0):
        check_number("penalty_weight", penalty_weight, least=0)
        self.penalty_weight = float(penalty_weight)

    def discriminator(self, real, fake):
        """Returns the discriminator's loss of each example, without the penalty.

        Args:
            real: Float tensor (batch,), scores of images.
            fake: Float tensor (batch,), scores of samples.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `discriminator`."
        )

    def generator(self, fake):
        """Returns the generator's loss of each sample.

        Args:
            fake: Float tensor (batch,), scores of samples.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `generator`.")

    def get_config(self):
        """Returns the arguments to make this loss again."""
        return {"penalty_weight": self.penalty_weight}

    @classmethod
    def from_config(cls, config):
        """Returns the loss of a configuration."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="kerassl")
class NonSaturating(AdversarialLoss):
    """The losses of a GAN whose discriminator is a classifier.

    The discriminator lowers its cross-entropy of telling images from samples.
    The generator raises the probability that its samples are taken for images,
    whose gradient does not vanish where the discriminator is sure of itself.

    Args:
        penalty_weight: Weight of `gradient_penalty` in the discriminator's
            loss, 0 or more.

    Raises:
        ValueError: If `penalty_weight` is below 0.

    Example:
        >>> loss = NonSaturating()
        >>> undecided = ops.zeros((2,))
        >>> round(float(loss.discriminator(undecided, undecided)[0]), 4)  # 2 log 2
        1.3863

    Reference:
        Goodfellow et al., 2014, section 3, https://arxiv.org/abs/1406.2661
    """

    def discriminator(self, real, fake):
        """Returns the discriminator's loss of each example, in nats.

        Args:
            real: Float tensor (batch,), logits of images.
            fake: Float tensor (batch,), logits of samples.
        """
        return ops.softplus(-real) + ops.softplus(fake)

    def generator(self, fake):
        """Returns the generator's loss of each sample, in nats.

        Args:
            fake: Float tensor (batch,), logits of samples.
        """
        return ops.softplus(-fake)


@keras.saving.register_keras_serializable(package="kerassl")
class Wasserstein(AdversarialLoss):
    """The losses of a GAN whose discriminator is a critic.

    The critic raises its mean score of images above that of samples. With a
    gradient of norm 1 that difference is the earth mover's distance between
    images and samples; `gradient_penalty` holds the norm there.

    Args:
        penalty_weight: Weight of `gradient_penalty` in the critic's loss, 0 or
            more; lambda in the paper.

    Raises:
        ValueError: If `penalty_weight` is below 0.

    Example:
        >>> loss = Wasserstein()
        >>> float(loss.discriminator(3.0, 1.0))
        -2.0

    Reference:
        Gulrajani et al., 2017, algorithm 1, https://arxiv.org/abs/1704.00028
    """

    def __init__(self, penalty_weight: float = 10.0):
        super().__init__(penalty_weight)

    def discriminator(self, real, fake):
        """Returns the critic's loss of each example, without the penalty.

        Args:
            real: Float tensor (batch,), scores of images.
            fake: Float tensor (batch,), scores of samples.
        """
        return fake - real

    def generator(self, fake):
        """Returns the generator's loss of each sample.

        Args:
            fake: Float tensor (batch,), scores of samples.
        """
        return -fake


def gradient_penalty(gradient):
    """Returns how far each gradient's norm is from 1, squared.

    Args:
        gradient: Float tensor (batch, ...), of the scores by the images, at
            random points between images and samples.

    Returns:
        Float tensor (batch,).

    Example:
        >>> penalties = gradient_penalty(ops.array([[3.0, 4.0], [0.0, 1.0]]))
        >>> [float(penalty) for penalty in penalties]
        [16.0, 0.0]

    Reference:
        Gulrajani et al., 2017, eq. 3, https://arxiv.org/abs/1704.00028
    """
    axes = tuple(range(1, len(gradient.shape)))
    # At a norm of 0 the root has no derivative.
    norm = ops.sqrt(ops.maximum(ops.sum(ops.square(gradient), axis=axes), 1e-12))
    return ops.square(norm - 1.0)
