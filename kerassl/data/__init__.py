"""Examples with random access, the sets that need no download, tokenizers."""

from kerassl.data.arrays import ArraySource as ArraySource
from kerassl.data.audio import AudioFolder as AudioFolder
from kerassl.data.conversion import as_source as as_source
from kerassl.data.coverage import unknown_share as unknown_share
from kerassl.data.dataset import pretext_dataset as pretext_dataset
from kerassl.data.dataset import steps_per_epoch as steps_per_epoch
from kerassl.data.docstrings import docs as docs
from kerassl.data.embedded import digits as digits
from kerassl.data.fonts import glyphs as glyphs
from kerassl.data.images import ImageFolder as ImageFolder
from kerassl.data.keras_datasets import keras_dataset as keras_dataset
from kerassl.data.preparing import prepare as prepare
from kerassl.data.shards import TokenShards as TokenShards
from kerassl.data.sounds import tones as tones
from kerassl.data.source import Skipped as Skipped
from kerassl.data.source import Source as Source
from kerassl.data.stream import StreamSource as StreamSource
from kerassl.data.subset import Subset as Subset
from kerassl.data.tagged_text import TaggedText as TaggedText
from kerassl.data.tagged_text import TaggedWords as TaggedWords
from kerassl.data.text import TextSource as TextSource
from kerassl.data.windows import TokenWindows as TokenWindows
from kerassl.data.windows import pack_documents as pack_documents
from kerassl.tokenizers import load_tokenizer as load_tokenizer
from kerassl.tokenizers import save_tokenizer as save_tokenizer
from kerassl.tokenizers import train_tokenizer as train_tokenizer
