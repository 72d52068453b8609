"""Tasks that learn to predict clusters of their own features."""

from kerassl.models.clustering.deep_cluster import DeepCluster

__all__ = ["DeepCluster"]
