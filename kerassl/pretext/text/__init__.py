"""Pretext tasks on text."""

from kerassl.pretext.text.context_window import ContextWindow
from kerassl.pretext.text.document_rotation import DocumentRotation
from kerassl.pretext.text.masked_tokens import MaskedTokens
from kerassl.pretext.text.next_token import NextToken
from kerassl.pretext.text.noisy_text import NoisyText
from kerassl.pretext.text.span_corruption import SpanCorruption
from kerassl.pretext.text.text_infilling import TextInfilling
from kerassl.pretext.text.token_noise import (
    SentencePermutation,
    TokenDeletion,
    TokenMasking,
    TokenReplacement,
)
from kerassl.pretext.text.tokens import Tokens

__all__ = [
    "ContextWindow",
    "DocumentRotation",
    "MaskedTokens",
    "NextToken",
    "NoisyText",
    "SentencePermutation",
    "SpanCorruption",
    "TextInfilling",
    "TokenDeletion",
    "TokenMasking",
    "TokenReplacement",
    "Tokens",
]
