"""What there is without an encoder: features of the input itself."""

from kerassl.transfer.inputs.byte_ngrams import ByteNgrams
from kerassl.transfer.inputs.features import InputFeatures
from kerassl.transfer.inputs.of_source import inputs_of
from kerassl.transfer.inputs.ppmi import ppmi_svd
from kerassl.transfer.inputs.token_counts import TokenCounts

__all__ = ["ByteNgrams", "InputFeatures", "TokenCounts", "inputs_of", "ppmi_svd"]
