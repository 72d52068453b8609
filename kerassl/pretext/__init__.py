"""Pretext layers: raw examples in, (input, target, weight) out."""

from kerassl.pretext.base import PretextLayer, fold_seed
from kerassl.pretext.image import TwoViews
from kerassl.pretext.reconstruct import Reconstruct
from kerassl.pretext.text import MaskedTokens, SpanCorruption, Tokens

__all__ = [
    "MaskedTokens",
    "PretextLayer",
    "Reconstruct",
    "SpanCorruption",
    "Tokens",
    "TwoViews",
    "fold_seed",
]
