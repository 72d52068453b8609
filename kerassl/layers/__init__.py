"""Layers that Keras and KerasHub lack."""

from kerassl.layers.batch_normalization import batch_normalization
from kerassl.layers.block_predictor import BlockPredictor
from kerassl.layers.dino_head import DINOHead
from kerassl.layers.frozen import Frozen
from kerassl.layers.log_mel import LogMel
from kerassl.layers.map_embedding import MapEmbedding
from kerassl.layers.memory_queue import MemoryQueue
from kerassl.layers.moving_average import MovingAverage, cosine_momentum
from kerassl.layers.moving_centre import MovingCentre
from kerassl.layers.patch_decoder import PatchDecoder
from kerassl.layers.patch_embedding import FirstToken, PatchEmbedding
from kerassl.layers.place_decoder import PlaceDecoder
from kerassl.layers.projection_head import ProjectionHead
from kerassl.layers.prototypes import Prototypes
from kerassl.layers.row_context import RowContext
from kerassl.layers.sin_cos_positions import sin_cos_positions
from kerassl.layers.vector_quantizer import VectorQuantizer

__all__ = [
    "BlockPredictor",
    "DINOHead",
    "FirstToken",
    "Frozen",
    "LogMel",
    "MapEmbedding",
    "MemoryQueue",
    "MovingAverage",
    "MovingCentre",
    "PatchDecoder",
    "PatchEmbedding",
    "PlaceDecoder",
    "ProjectionHead",
    "Prototypes",
    "RowContext",
    "VectorQuantizer",
    "batch_normalization",
    "cosine_momentum",
    "sin_cos_positions",
]
