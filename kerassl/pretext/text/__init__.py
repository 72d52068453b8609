"""Pretext tasks on text."""

from kerassl.pretext.text.masked_tokens import MaskedTokens
from kerassl.pretext.text.next_token import NextToken
from kerassl.pretext.text.span_corruption import SpanCorruption
from kerassl.pretext.text.tokens import Tokens

__all__ = ["MaskedTokens", "NextToken", "SpanCorruption", "Tokens"]
