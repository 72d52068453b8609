"""UniLM: hidden tokens under four masks of attention."""

import keras
import keras_hub

from kerassl import data, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import sentences

MODEL = models.UniLM
KILLED = Killed("unilm_tiny", BERT | {"encoder.dropout": 0.1}, ("seed_generator",))


def task():
    texts = sentences()
    tokenizer = data.train_tokenizer(texts, vocabulary_size=90)

    def make(dtype="float32"):
        # The pooler is not trained here, so `fix_weights` leaves it alone.
        keras.utils.set_random_seed(0)
        encoder = keras_hub.models.BertBackbone(
            tokenizer.vocabulary_size(),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            # It differs between replicas by design, and between backends.
            dropout=0.0,
            max_sequence_length=12,
            num_segments=6,
            dtype=dtype,
        )
        masked = pretext.MaskedTokens(
            tokenizer, sequence_length=12, mask_rate=0.3, span_shares=[0.8, 0.1, 0.1]
        )
        return models.UniLM(encoder, masked)

    return make, texts, 20
