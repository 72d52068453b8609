"""Masked position prediction."""

from kerassl import data, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import sentences, small_bert

MODEL = models.MP3
KILLED = Killed("mp3_tiny", BERT | {"encoder.dropout": 0.1}, ("seed_generator",))


def task():
    texts = sentences()
    tokenizer = data.train_tokenizer(texts, vocabulary_size=90)

    def make(dtype="float32"):
        encoder = small_bert(tokenizer, 12, dtype)
        return models.MP3(encoder, pretext.Tokens(tokenizer, sequence_length=12))

    return make, texts, 20
