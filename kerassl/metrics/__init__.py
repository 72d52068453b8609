"""Measures of representations: pure functions of feature matrices."""

from kerassl.metrics.frechet import frechet_distance
from kerassl.metrics.geometry import (
    alignment,
    effective_rank,
    embedding_std,
    uniformity,
)
from kerassl.metrics.hubness import hubness, k_occurrences
from kerassl.metrics.neighbours import nearest_neighbour_labels
from kerassl.metrics.ranking import share_below

__all__ = [
    "alignment",
    "effective_rank",
    "embedding_std",
    "frechet_distance",
    "hubness",
    "k_occurrences",
    "nearest_neighbour_labels",
    "share_below",
    "uniformity",
]
