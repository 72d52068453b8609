"""Pretext layers: raw examples in, (input, target, weight) out."""

from kerassl.pretext.audio import FutureFrames
from kerassl.pretext.base import PretextLayer, fold_seed
from kerassl.pretext.corruptions import (
    GaussianNoise,
    MaskingNoise,
    SaltAndPepperNoise,
)
from kerassl.pretext.example_and_noise import ExampleAndNoise
from kerassl.pretext.image import (
    Colorize,
    ImagesAndNoise,
    Jigsaw,
    LabView,
    MaskedPatches,
    MultiBlock,
    MultiCrop,
    NextPixel,
    RandomView,
    RelativePosition,
    Rotation,
    TwoViews,
    View,
    Views,
)
from kerassl.pretext.reconstruct import Reconstruct
from kerassl.pretext.text import (
    ContextWindow,
    DocumentRotation,
    MaskedTokens,
    NextToken,
    NoisyText,
    SentencePermutation,
    SpanCorruption,
    TextInfilling,
    TokenDeletion,
    TokenMasking,
    TokenReplacement,
    Tokens,
)

__all__ = [
    "Colorize",
    "ContextWindow",
    "DocumentRotation",
    "ExampleAndNoise",
    "FutureFrames",
    "GaussianNoise",
    "ImagesAndNoise",
    "Jigsaw",
    "LabView",
    "MaskedPatches",
    "MaskedTokens",
    "MaskingNoise",
    "MultiBlock",
    "MultiCrop",
    "NextPixel",
    "NextToken",
    "NoisyText",
    "PretextLayer",
    "RandomView",
    "Reconstruct",
    "RelativePosition",
    "Rotation",
    "SaltAndPepperNoise",
    "SentencePermutation",
    "SpanCorruption",
    "TextInfilling",
    "TokenDeletion",
    "TokenMasking",
    "TokenReplacement",
    "Tokens",
    "TwoViews",
    "View",
    "Views",
    "fold_seed",
]
