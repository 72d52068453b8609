"""Contrastive learning: positives close, negatives apart."""

from kerassl.models.contrastive.simclr import SimCLR

__all__ = ["SimCLR"]
