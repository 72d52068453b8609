"""What there is without an encoder: features of the input itself."""

from kerassl.transfer.inputs.features import InputFeatures

__all__ = ["InputFeatures"]
