"""What trained encoders are for: vectors, search, and one beside another."""

from kerassl.use.comparing import RunComparison, check_target, compare
from kerassl.use.embedding import embed
from kerassl.use.searching import Found, search
from kerassl.use.several import RunGroup, pretrain_all
from kerassl.use.tuning import Tuned, tune
from kerassl.use.vectors import Vectors

__all__ = [
    "Found",
    "RunComparison",
    "RunGroup",
    "Tuned",
    "Vectors",
    "check_target",
    "compare",
    "embed",
    "pretrain_all",
    "search",
    "tune",
]
