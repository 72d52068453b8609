"""The presets of GANs have what their papers say."""

import keras
import pytest

from kerassl import losses, zoo
from kerassl.pretraining.task import optimizer_for


@pytest.mark.parametrize(
    ("name", "noise", "rate", "beta_1", "beta_2"),
    [
        ("dcgan_fashion", ("uniform", 100), 2e-4, 0.5, 0.999),
        ("dcgan_cifar10", ("uniform", 100), 2e-4, 0.5, 0.999),
        ("wgan_gp_fashion", ("normal", 128), 1e-4, 0.0, 0.9),
    ],
)
def test_noise_and_optimizers(name, noise, rate, beta_1, beta_2):
    spec = zoo.config(name)
    task = zoo.load(name)
    assert (task.pretext.noise, task.pretext.noise_dim) == noise
    optimizers = optimizer_for(spec["recipe"], task)
    assert set(optimizers) == {"discriminator", "generator"}
    for optimizer in optimizers.values():
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert (optimizer.beta_1, optimizer.beta_2) == (beta_1, beta_2)
        assert float(optimizer.learning_rate) == pytest.approx(rate)


def test_the_critic_of_wgan_gp():
    task = zoo.load("wgan_gp_fashion")
    assert isinstance(task.adversarial_loss, losses.Wasserstein)
    assert task.adversarial_loss.penalty_weight == 10.0
    assert task.discriminator_steps == 5 and not task.simultaneous
    norms = [
        layer
        for layer in task.encoder.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert not norms
