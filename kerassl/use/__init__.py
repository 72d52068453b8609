"""What trained encoders are for: vectors, search, and one beside another."""

from kerassl.use.comparing import RunComparison, check_target, compare
from kerassl.use.embedding import embed
from kerassl.use.searching import Found, search
from kerassl.use.vectors import Vectors

__all__ = [
    "Found",
    "RunComparison",
    "Vectors",
    "check_target",
    "compare",
    "embed",
    "search",
]
