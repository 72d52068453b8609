"""What there is without an encoder: features of the input itself."""

from kerassl.transfer.inputs.features import InputFeatures
from kerassl.transfer.inputs.of_source import inputs_of

__all__ = ["InputFeatures", "inputs_of"]
