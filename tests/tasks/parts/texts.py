"""Short texts, and a BERT of one layer."""

import keras

from kerassl import data, encoders, pretext

COLOURS = ("red", "green", "blue", "white", "black")


def cats_and_dogs():
    return [f"the {a} cat saw a {b} dog" for a in COLOURS for b in COLOURS] * 2


def small_bert(tokenizer, sequence_length, dtype):
    import keras_hub

    # BERT's own pooler is not trained by most tasks, so `fix_weights` leaves it
    # alone.
    keras.utils.set_random_seed(0)
    return keras_hub.models.BertBackbone(
        tokenizer.vocabulary_size(),
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        dropout=0.0,
        max_sequence_length=sequence_length,
        dtype=dtype,
    )


def word2vec(model):
    """Returns the task of a class of word vectors, as `task` does."""
    texts = cats_and_dogs()
    tokenizer = data.train_tokenizer(texts, "word")

    def make(dtype="float32"):
        vocabulary_size = tokenizer.vocabulary_size()
        return model(
            encoders.word_vectors(vocabulary_size, dim=8, dtype=dtype),
            pretext.ContextWindow(
                tokenizer, 16, window=2, block_length=4, shared_negatives=40
            ),
        )

    return make, texts, 20


def sentences():
    """Returns 60 sentences of a few words each."""
    subjects = ("the cat", "a dog", "my bird", "the old king", "one small child")
    objects = ("a red house", "the green tree", "my blue boat", "their horse")
    return [
        f"{subject} {verb} {object_}"
        for subject in subjects
        for verb in ("sees", "hears", "likes")
        for object_ in objects
    ]
