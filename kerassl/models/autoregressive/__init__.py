"""Autoregressive learning: each part is told from those before it."""

from kerassl.models.autoregressive.apc import APC
from kerassl.models.autoregressive.causal_lm import CausalLM
from kerassl.models.autoregressive.pixel_cnn import PixelCNN
from kerassl.models.autoregressive.recurrent_lm import RecurrentLM

__all__ = [
    "APC",
    "CausalLM",
    "PixelCNN",
    "RecurrentLM",
]
