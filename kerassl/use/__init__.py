"""What a trained encoder is for: vectors of examples, and search among them."""

from kerassl.use.embedding import embed
from kerassl.use.searching import Found, search
from kerassl.use.vectors import Vectors

__all__ = ["Found", "Vectors", "embed", "search"]
