"""What a trained encoder is for: vectors, search, and a look inside."""

from kerassl.use.embedding import embed
from kerassl.use.explaining import explain
from kerassl.use.searching import Found, search
from kerassl.use.vectors import Vectors

__all__ = ["Found", "Vectors", "embed", "explain", "search"]
