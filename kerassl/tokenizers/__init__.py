"""From texts to token ids: training, storing and running tokenizers."""

from kerassl.tokenizers.storing import is_stored_tokenizer as is_stored_tokenizer
from kerassl.tokenizers.storing import load_tokenizer as load_tokenizer
from kerassl.tokenizers.storing import save_tokenizer as save_tokenizer
from kerassl.tokenizers.training import train_tokenizer as train_tokenizer
from kerassl.tokenizers.word_piece_tokenizer import (
    WordPieceTokenizer as WordPieceTokenizer,
)
from kerassl.tokenizers.word_tokenizer import WordTokenizer as WordTokenizer
