"""Pretext models: one class for each training step."""

from kerassl.models.base import PretextModel
from kerassl.models.contrastive import SimCLR, SimCSE
from kerassl.models.predictive import Autoencoder, MaskedLM

__all__ = ["Autoencoder", "MaskedLM", "PretextModel", "SimCLR", "SimCSE"]
