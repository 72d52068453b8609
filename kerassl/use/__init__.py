"""What a trained encoder is for: vectors, search, and running elsewhere."""

from kerassl.use.embedding import embed
from kerassl.use.exporting import Export, export
from kerassl.use.searching import Found, search
from kerassl.use.vectors import Vectors

__all__ = ["Export", "Found", "Vectors", "embed", "export", "search"]
