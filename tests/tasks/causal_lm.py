"""A causal language model that keeps documents apart."""

from kerassl import data, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import cats_and_dogs

MODEL = models.CausalLM
KILLED = Killed("gpt2_tiny", BERT | {"tokenizer.vocabulary_size": 270})


def task():
    import keras_hub

    texts = cats_and_dogs()
    tokenizer = data.train_tokenizer(texts, "bpe", vocabulary_size=270)

    def make(dtype="float32"):
        encoder = keras_hub.models.GPT2Backbone(
            tokenizer.vocabulary_size(),
            num_layers=1,
            num_heads=2,
            hidden_dim=16,
            intermediate_dim=32,
            dropout=0.0,
            max_sequence_length=16,
            dtype=dtype,
        )
        following = pretext.NextToken(tokenizer, sequence_length=12)
        return models.CausalLM(encoder, following, isolate_documents=True)

    return make, texts, 20
