"""A masked language model."""

from kerassl import data, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import sentences, small_bert

MODEL = models.MaskedLM
KILLED = Killed("bert_tiny", BERT | {"encoder.dropout": 0.1}, ("seed_generator",))


def task():
    texts = sentences()
    tokenizer = data.train_tokenizer(texts, vocabulary_size=90)

    def make(dtype="float32"):
        encoder = small_bert(tokenizer, 16, dtype)
        masked = pretext.MaskedTokens(tokenizer, sequence_length=16)
        return models.MaskedLM(encoder, pretext=masked)

    return make, texts, 20
