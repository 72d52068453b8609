"""A recurrent language model, whose state goes from batch to batch."""

from kerassl import data, encoders, models, pretext
from tasks.parts.runs import Killed
from tasks.parts.texts import cats_and_dogs

MODEL = models.RecurrentLM
NEEDS_RANDOM_ACCESS = True
SMALL = {
    "tokenizer.vocabulary_size": 270,
    "encoder.embedding_dim": 8,
    "encoder.hidden_dim": 8,
    "encoder.dropout": 0.1,
    "pretext.sequence_length": 8,
}
KILLED = Killed("lstm_lm_tiny", SMALL, ("recurrent_lm/state", "seed_generator"))


def task():
    texts = cats_and_dogs()
    tokenizer = data.train_tokenizer(texts, "bpe", vocabulary_size=270)
    following = pretext.NextToken(tokenizer, sequence_length=6)

    def make(dtype="float32"):
        encoder = encoders.recurrent_text(
            270, 8, 12, num_layers=2, dropout=0.0, dtype=dtype
        )
        return models.RecurrentLM(encoder, following, max_batch_size=9)

    return make, texts, 7
