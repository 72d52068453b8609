"""Tasks that learn to predict clusters of their own features."""

from kerassl.models.clustering.deep_cluster import DeepCluster
from kerassl.models.clustering.swav import SwAV

__all__ = ["DeepCluster", "SwAV"]
