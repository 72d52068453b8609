"""What a trained model is for: vectors of examples, search among them, new ones."""

from kerassl.use.embedding import embed
from kerassl.use.generated import Generated, GeneratedExamples, GeneratedTexts
from kerassl.use.generating import generate
from kerassl.use.searching import Found, search
from kerassl.use.vectors import Vectors

__all__ = [
    "Found",
    "Generated",
    "GeneratedExamples",
    "GeneratedTexts",
    "Vectors",
    "embed",
    "generate",
    "search",
]
