"""Augmentations: x to another x of the same meaning."""
