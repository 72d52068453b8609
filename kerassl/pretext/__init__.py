"""Pretext layers: raw examples in, (input, target, weight) out."""

from kerassl.pretext.base import PretextLayer, fold_seed
from kerassl.pretext.image import ImagesAndNoise, TwoViews
from kerassl.pretext.reconstruct import Reconstruct
from kerassl.pretext.text import MaskedTokens, NextToken, SpanCorruption, Tokens

__all__ = [
    "ImagesAndNoise",
    "MaskedTokens",
    "NextToken",
    "PretextLayer",
    "Reconstruct",
    "SpanCorruption",
    "Tokens",
    "TwoViews",
    "fold_seed",
]
