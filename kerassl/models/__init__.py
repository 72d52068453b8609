"""Pretext models: one class for each training step."""

from kerassl.models.adversarial import GAN
from kerassl.models.autoregressive import CausalLM
from kerassl.models.base import PretextModel
from kerassl.models.clustering import DeepCluster
from kerassl.models.contextual import CBOW, SkipGram
from kerassl.models.contrastive import MoCo, SimCLR, SimCSE
from kerassl.models.distillation import BYOL
from kerassl.models.masked import MaskedLM
from kerassl.models.reconstructive import Autoencoder, DenoisingSeq2Seq

__all__ = [
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
