"""Measures of representations: pure functions of feature matrices."""

from kerassl.metrics.geometry import (
    alignment,
    effective_rank,
    embedding_std,
    uniformity,
)
from kerassl.metrics.neighbours import nearest_neighbour_labels

__all__ = [
    "alignment",
    "effective_rank",
    "embedding_std",
    "nearest_neighbour_labels",
    "uniformity",
]
