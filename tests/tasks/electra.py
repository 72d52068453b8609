"""ELECTRA, a generator and a discriminator with one embedding."""

import keras
import keras_hub

from kerassl import data, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import sentences

MODEL = models.ELECTRA
KILLED = Killed("electra_tiny", BERT | {"encoder.dropout": 0.1}, ("seed_generator",))


def task():
    texts = sentences()
    tokenizer = data.train_tokenizer(texts, vocabulary_size=90)

    def make(dtype="float32"):
        # The pooler is not trained here, so `fix_weights` leaves it alone.
        keras.utils.set_random_seed(0)
        encoder = keras_hub.models.ElectraBackbone(
            tokenizer.vocabulary_size(),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            embedding_dim=8,
            intermediate_dim=32,
            # It differs between replicas by design, and between backends.
            dropout=0.0,
            max_sequence_length=16,
            dtype=dtype,
        )
        masked = pretext.MaskedTokens(
            tokenizer, sequence_length=16, mask_token_rate=0.85, random_token_rate=0.0
        )
        return models.ELECTRA(encoder, masked)

    return make, texts, 20
