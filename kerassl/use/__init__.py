"""What trained models are for: vectors, search, new examples, explanation, export."""

from kerassl.use.comparing import RunComparison, check_target, compare
from kerassl.use.embedding import embed
from kerassl.use.explaining import explain
from kerassl.use.exporting import Export, export
from kerassl.use.generated import Generated, GeneratedExamples, GeneratedTexts
from kerassl.use.generating import generate
from kerassl.use.searching import Found, search
from kerassl.use.several import RunGroup, pretrain_all
from kerassl.use.tuning import Tuned, tune
from kerassl.use.vectors import Vectors

__all__ = [
    "Export",
    "Found",
    "Generated",
    "GeneratedExamples",
    "GeneratedTexts",
    "RunComparison",
    "RunGroup",
    "Tuned",
    "Vectors",
    "check_target",
    "compare",
    "embed",
    "explain",
    "export",
    "generate",
    "pretrain_all",
    "search",
    "tune",
]
