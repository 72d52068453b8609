"""A masked language model."""

from kerassl import data, models, pretext
from tasks.parts.runs import BERT, Killed
from tasks.parts.texts import small_bert

MODEL = models.MaskedLM
KILLED = Killed("bert_tiny", BERT | {"encoder.dropout": 0.1}, ("seed_generator",))


def task():
    subjects = ("the cat", "a dog", "my bird", "the old king", "one small child")
    objects = ("a red house", "the green tree", "my blue boat", "their horse")
    texts = [
        f"{subject} {verb} {object_}"
        for subject in subjects
        for verb in ("sees", "hears", "likes")
        for object_ in objects
    ]
    tokenizer = data.train_tokenizer(texts, vocabulary_size=90)

    def make(dtype="float32"):
        encoder = small_bert(tokenizer, 16, dtype)
        masked = pretext.MaskedTokens(tokenizer, sequence_length=16)
        return models.MaskedLM(encoder, pretext=masked)

    return make, texts, 20
