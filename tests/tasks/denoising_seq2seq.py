"""Spans to restore, by a T5 of one layer each; and gaps, by such a BART."""

import keras_hub

from kerassl import data, encoders, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import cats_and_dogs

MODEL = models.DenoisingSeq2Seq
KILLED = Killed("t5_tiny", BERT | {"encoder.dropout": 0.1}, ("seed_generator",))


def task():
    texts = cats_and_dogs()
    tokenizer = data.train_tokenizer(texts, vocabulary_size=50)
    spans = pretext.SpanCorruption(tokenizer, 12, noise_density=0.3, sentinels=6)

    def make(dtype="float32"):
        backbone = encoders.t5(
            spans.vocabulary_size,
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            dropout=0.0,
            dtype=dtype,
        )
        return models.DenoisingSeq2Seq(backbone, spans)

    return make, texts, 20


def task_bart():
    texts = [f"{text}. {text}" for text in cats_and_dogs()]
    tokenizer = data.train_tokenizer(texts, vocabulary_size=50)
    noises = [pretext.SentencePermutation(), pretext.TextInfilling()]
    noisy = pretext.NoisyText(tokenizer, 12, noises, start_token=True)

    def make(dtype="float32"):
        backbone = keras_hub.models.BartBackbone(
            tokenizer.vocabulary_size(),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            dropout=0.0,
            max_sequence_length=12,
            dtype=dtype,
        )
        return models.DenoisingSeq2Seq(backbone, noisy)

    return make, texts, 20
