"""Pretext models: one class for each training step."""

from kerassl.models.adversarial import GAN
from kerassl.models.autoregressive import APC
from kerassl.models.base import PretextModel
from kerassl.models.clustering import DeepCluster
from kerassl.models.contrastive import MoCo, SimCLR, SimCSE
from kerassl.models.distillation import BYOL
from kerassl.models.predictive import (
    CBOW,
    Autoencoder,
    CausalLM,
    DenoisingSeq2Seq,
    MaskedLM,
    SkipGram,
)

__all__ = [
    "APC",
    "BYOL",
    "CBOW",
    "GAN",
    "Autoencoder",
    "CausalLM",
    "DeepCluster",
    "DenoisingSeq2Seq",
    "MaskedLM",
    "MoCo",
    "PretextModel",
    "SimCLR",
    "SimCSE",
    "SkipGram",
]
