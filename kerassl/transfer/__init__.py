"""What an encoder is worth: measures, controls and few-label curves."""

from kerassl.transfer.by_name import measure_by_name
from kerassl.transfer.classification import Classification, Classified
from kerassl.transfer.compare import Comparison, compare
from kerassl.transfer.copies import copy_of, random_weights
from kerassl.transfer.embedding_map import LEAST_MAP_EXAMPLES, embedding_map
from kerassl.transfer.entity_scores import entity_scores
from kerassl.transfer.examples import PreparedExamples
from kerassl.transfer.features import encode
from kerassl.transfer.fine_tune import fine_tune
from kerassl.transfer.held_out import JudgedResult
from kerassl.transfer.hidden_tokens import HiddenTokens
from kerassl.transfer.inputs import InputFeatures
from kerassl.transfer.knn import knn
from kerassl.transfer.language_modelling import Perplexity
from kerassl.transfer.linear_probe import linear_probe
from kerassl.transfer.measure import Measure, Measured, Result
from kerassl.transfer.options import check_options
from kerassl.transfer.perplexity import PerplexityResult, perplexity
from kerassl.transfer.pretext_loss import PretextLoss
from kerassl.transfer.random_control import random_control
from kerassl.transfer.reconstruction import Reconstruction
from kerassl.transfer.result import TransferResult
from kerassl.transfer.sentence_pairs import SentenceSimilarity
from kerassl.transfer.similarity import sentence_similarity
from kerassl.transfer.token_classification import TokenClassification
from kerassl.transfer.token_comparison import TokenComparison
from kerassl.transfer.verdict import Verdict, verdict
from kerassl.transfer.view_retrieval import ViewRetrieval
from kerassl.transfer.word_pairs import WordSimilarity
from kerassl.transfer.word_vectors import WordVectors

__all__ = [
    "LEAST_MAP_EXAMPLES",
    "Classification",
    "Classified",
    "Comparison",
    "HiddenTokens",
    "InputFeatures",
    "JudgedResult",
    "Measure",
    "Measured",
    "Perplexity",
    "PerplexityResult",
    "PreparedExamples",
    "PretextLoss",
    "Reconstruction",
    "SentenceSimilarity",
    "Result",
    "TokenClassification",
    "TokenComparison",
    "TransferResult",
    "Verdict",
    "ViewRetrieval",
    "WordSimilarity",
    "WordVectors",
    "check_options",
    "compare",
    "copy_of",
    "embedding_map",
    "encode",
    "entity_scores",
    "fine_tune",
    "knn",
    "linear_probe",
    "measure_by_name",
    "perplexity",
    "random_control",
    "random_weights",
    "sentence_similarity",
    "verdict",
]
