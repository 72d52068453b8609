"""What an encoder is worth: measures, controls and few-label curves."""

from kerassl.models.predictive.perplexity import Perplexity, perplexity
from kerassl.transfer.compare import Comparison, compare
from kerassl.transfer.embedding_map import LEAST_MAP_EXAMPLES, embedding_map
from kerassl.transfer.examples import PreparedExamples
from kerassl.transfer.fine_tune import fine_tune
from kerassl.transfer.knn import knn
from kerassl.transfer.linear_probe import linear_probe
from kerassl.transfer.options import check_options
from kerassl.transfer.result import TransferResult
from kerassl.transfer.similarity import sentence_similarity
from kerassl.transfer.word_vectors import WordVectors

__all__ = [
    "LEAST_MAP_EXAMPLES",
    "Comparison",
    "Perplexity",
    "PreparedExamples",
    "TransferResult",
    "WordVectors",
    "check_options",
    "compare",
    "embedding_map",
    "fine_tune",
    "knn",
    "linear_probe",
    "perplexity",
    "sentence_similarity",
]
