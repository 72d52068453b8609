"""SimCSE without the dropout that makes its views."""

from kerassl import data, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import small_bert

MODEL = models.SimCSE
KILLED = Killed("simcse_tiny", BERT, ("seed_generator",))


def task():
    places = ("house", "garden", "river", "market", "school", "tower")
    texts = [
        f"{a} {b} in the {place}"
        for a in ("a cat", "two dogs", "some birds")
        for b in ("sleep", "wait")
        for place in places
    ]
    tokenizer = data.train_tokenizer(texts, vocabulary_size=80)

    def make(dtype="float32"):
        encoder = small_bert(tokenizer, 12, dtype)
        return models.SimCSE(encoder, pretext.Tokens(tokenizer, sequence_length=12))

    return make, texts, 12
