"""The formats there are, a file each; a new one takes a line here."""

from kerassl.use.exporting.formats.huggingface import HuggingFace
from kerassl.use.exporting.formats.keras_hub import KerasHub
from kerassl.use.exporting.formats.litert import LiteRT
from kerassl.use.exporting.formats.onnx import ONNX
from kerassl.use.exporting.formats.savedmodel import SavedModel

FORMATS = {
    each.name: each() for each in (SavedModel, LiteRT, ONNX, KerasHub, HuggingFace)
}
