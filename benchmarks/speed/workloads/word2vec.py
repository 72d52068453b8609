"""word2vec: skip-gram with negative sampling on a text of random words."""

import os

import numpy as np

from benchmarks.speed.workload import Workload, ours, peer

DIM, WINDOW, NEGATIVES, SUBSAMPLING = 100, 5, 5, 1e-3


def gensim(settings, clock):
    """gensim's `Word2Vec`, one worker a core."""
    from gensim.models import Word2Vec

    clock.begin()
    sentences = [text.split() for text in _texts(settings)]
    model = Word2Vec(
        vector_size=DIM,
        window=WINDOW,
        negative=NEGATIVES,
        sample=SUBSAMPLING,
        sg=1,
        min_count=1,
        workers=len(os.sched_getaffinity(0)),
    )
    model.build_vocab(sentences)
    steps = settings["documents"] // settings["batch_size"]
    finished = False
    while not finished:
        model.train(sentences, total_examples=len(sentences), epochs=1)
        finished = clock.tick(steps=steps)


def kerassl(settings, clock):
    """`SkipGram` by `fit` on the batches of its dataset."""
    from benchmarks.speed import keras_steps
    from kerassl.data import train_tokenizer
    from kerassl.encoders import word_vectors
    from kerassl.models import SkipGram
    from kerassl.optimizers import RowAdagrad
    from kerassl.pretext import ContextWindow

    clock.begin()
    texts = _texts(settings)
    tokenizer = train_tokenizer(texts, "word", min_count=1)
    pretext = ContextWindow(
        tokenizer, settings["length"], window=WINDOW, subsampling=SUBSAMPLING
    )
    encoder = word_vectors(tokenizer.vocabulary_size(), DIM)
    task = SkipGram(encoder, pretext, negatives=NEGATIVES)
    task.compile(RowAdagrad(0.05))
    keras_steps.fit(task, task.dataset(texts, settings["batch_size"]), clock)


def _texts(settings):
    """Returns documents of words that are as frequent as their rank tells (Zipf)."""
    words = settings["vocabulary_size"]
    frequency = 1 / np.arange(1, words + 1)
    shape = settings["documents"], settings["length"]
    random = np.random.default_rng(0)
    ids = random.choice(words, shape, p=frequency / frequency.sum())
    names = np.array([f"w{i}" for i in range(words)])
    return [" ".join(row) for row in names[ids]]


WORKLOAD = Workload(
    summary="Skip-gram word vectors of 100 dimensions, window 5, 5 negatives, "
    "subsampling 0.001, of 4,096 documents of 256 words that follow Zipf's law over "
    "20,000 words; words are counted before subsampling.",
    unit="words",
    amount=lambda settings: settings["batch_size"] * settings["length"],
    settings={
        "zipf": {
            "vocabulary_size": 20000,
            "documents": 4096,
            "length": 256,
            "batch_size": 32,
            "clock": {"warmup": 2, "steps": 2, "seconds": 10.0},
        }
    },
    quick={
        "vocabulary_size": 50,
        "documents": 64,
        "length": 16,
        "batch_size": 4,
        "clock": {"warmup": 1, "steps": 4},
    },
    contenders={
        "gensim": peer(gensim, "gensim"),
        "kerassl": ours(kerassl),
    },
)
