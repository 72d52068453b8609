"""BERT's masking of tokens that are read from memory, on all cores."""

import os

import numpy as np

from benchmarks.speed.workload import Workload, ours, peer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def huggingface(settings, clock):
    """Hugging Face's collator, called batch after batch."""
    collator, rows = _collator(settings, clock)
    while True:
        collator(rows)
        if clock.tick():
            break


def huggingface_workers(settings, clock):
    """The same collator in a loader, one worker a core."""
    from torch.utils.data import DataLoader

    collator, rows = _collator(settings, clock)

    class Rows:
        """The same rows again and again."""

        def __len__(self):
            return 1 << 40

        def __getitem__(self, i):
            return rows[i % len(rows)]

    loader = DataLoader(
        Rows(),
        batch_size=len(rows),
        collate_fn=collator,
        num_workers=len(os.sched_getaffinity(0)),
    )
    for _ in loader:
        if clock.tick():
            break


def kerassl(settings, clock):
    """`MaskedTokens` in `Dataset.map`."""
    import keras_hub
    import tensorflow as tf

    from kerassl.pretext import MaskedTokens

    clock.begin()
    tokenizer = keras_hub.models.BertTokenizer(_vocabulary(settings))
    layer = MaskedTokens(tokenizer, sequence_length=settings["sequence_length"])
    batch = tf.constant(_tokens(settings))
    numbers = tf.data.Dataset.range(2**62)
    batches = numbers.map(
        lambda n: layer(batch, tf.stack([0, n])), num_parallel_calls=tf.data.AUTOTUNE
    )
    for _ in batches.prefetch(tf.data.AUTOTUNE):
        if clock.tick():
            break


def _collator(settings, clock):
    """Returns the collator and the rows of a batch, as a tokenizer gives them."""
    import torch  # noqa: F401  so that its import is no part of the first batch
    from transformers import BertTokenizerFast, DataCollatorForLanguageModeling

    clock.begin()
    vocabulary = {word: i for i, word in enumerate(_vocabulary(settings))}
    tokenizer = BertTokenizerFast(vocab=vocabulary)
    start, end = SPECIAL.index("[CLS]"), SPECIAL.index("[SEP]")
    rows = [
        {
            "input_ids": [start, *row, end],
            "attention_mask": [1] * (len(row) + 2),
            # Given, as Hugging Face's own training script does: it is faster.
            "special_tokens_mask": [1, *[0] * len(row), 1],
        }
        for row in _tokens(settings).tolist()
    ]
    return DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15), rows


def _tokens(settings):
    """Returns rows of random ordinary tokens that leave room for start and end."""
    shape = settings["batch_size"], settings["sequence_length"] - 2
    random, most = np.random.default_rng(0), settings["vocabulary_size"]
    return random.integers(len(SPECIAL), most, shape, dtype="int32")


def _vocabulary(settings):
    ordinary = range(settings["vocabulary_size"] - len(SPECIAL))
    return [*SPECIAL, *(f"word{i}" for i in ordinary)]


WORKLOAD = Workload(
    summary="The masking of BERT: batches of 256 rows of 128 tokens, start and end "
    "included, vocabulary 30,522, 15 % chosen; the rows are token ids in memory.",
    unit="tokens",
    amount=lambda settings: settings["batch_size"] * settings["sequence_length"],
    settings={
        "bert": {
            "batch_size": 256,
            "sequence_length": 128,
            "vocabulary_size": 30522,
            "clock": {"warmup": 8, "steps": 8, "seconds": 4.0},
        }
    },
    quick={
        "batch_size": 4,
        "sequence_length": 16,
        "vocabulary_size": 200,
        "clock": {"warmup": 2, "steps": 4},
    },
    contenders={
        "huggingface": peer(huggingface, "torch", "transformers"),
        "huggingface-workers": peer(huggingface_workers, "torch", "transformers"),
        "kerassl": ours(kerassl, "keras_hub"),
    },
)
