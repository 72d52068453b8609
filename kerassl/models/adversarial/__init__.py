"""Adversarial learning: tell examples from samples made to look like them."""

from kerassl.models.adversarial.gan import GAN

__all__ = ["GAN"]
