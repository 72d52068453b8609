"""Pretext models: one class for each training step."""

from kerassl.models.adversarial import GAN
from kerassl.models.base import PretextModel
from kerassl.models.contrastive import MoCo, SimCLR, SimCSE
from kerassl.models.distillation import BYOL
from kerassl.models.predictive import Autoencoder, CausalLM, MaskedLM

__all__ = [
    "GAN",
    "Autoencoder",
    "BYOL",
    "CausalLM",
    "MaskedLM",
    "MoCo",
    "PretextModel",
    "SimCLR",
    "SimCSE",
]
