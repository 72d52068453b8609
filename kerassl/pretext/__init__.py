"""Pretext layers: raw examples in, (input, target, weight) out."""

from kerassl.pretext.base import PretextLayer, fold_seed

__all__ = ["PretextLayer", "fold_seed"]
