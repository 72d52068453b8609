"""Pretext tasks on text."""

from kerassl.pretext.text.context_window import ContextWindow
from kerassl.pretext.text.masked_tokens import MaskedTokens
from kerassl.pretext.text.next_token import NextToken
from kerassl.pretext.text.noisy_text import NoisyText
from kerassl.pretext.text.span_corruption import SpanCorruption
from kerassl.pretext.text.token_noise import (
    SentencePermutation,
    TokenDeletion,
    TokenMasking,
    TokenReplacement,
)
from kerassl.pretext.text.tokens import Tokens

__all__ = [
    "ContextWindow",
    "MaskedTokens",
    "NextToken",
    "NoisyText",
    "SentencePermutation",
    "SpanCorruption",
    "TokenDeletion",
    "TokenMasking",
    "TokenReplacement",
    "Tokens",
]
