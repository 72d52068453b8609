"""Masked language modelling: a step of a BERT of 4 layers x 256."""

import numpy as np

from benchmarks.speed.workload import Workload, ours, peer


def huggingface(settings, clock, compiled=False):
    """`BertForMaskedLM` as shipped: every position is projected."""
    import torch

    from benchmarks.speed import torch_steps

    model_class, config = _huggingface()
    clock.begin()
    x, y = _batch(settings)
    labels = np.full_like(x["token_ids"], -100)
    np.put_along_axis(labels, x["mask_positions"], y, axis=1)
    token_ids, mask, labels = (
        torch.from_numpy(part).long()
        for part in (x["token_ids"], x["padding_mask"], labels)
    )
    torch_steps.train(
        model_class(config(settings)),
        lambda m: m(input_ids=token_ids, attention_mask=mask, labels=labels).loss,
        clock,
        compiled,
    )


def huggingface_compiled(settings, clock):
    """The same under `torch.compile`."""
    huggingface(settings, clock, compiled=True)


def huggingface_gather(settings, clock):
    """`BertForMaskedLM` made to project the hidden positions only."""
    import torch

    from benchmarks.speed import torch_steps

    model_class, config = _huggingface()
    clock.begin()
    x, y = _batch(settings)
    token_ids, mask, positions, targets = (
        torch.from_numpy(part).long()
        for part in (x["token_ids"], x["padding_mask"], x["mask_positions"], y)
    )
    rows = torch.arange(len(positions))[:, None]

    def loss_of(model):
        states = model.bert(input_ids=token_ids, attention_mask=mask)[0]
        logits = model.cls(states[rows, positions])
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.ravel())

    torch_steps.train(model_class(config(settings)), loss_of, clock)


def keras_hub(settings, clock):
    """KerasHub's own task, compiled by XLA."""
    import keras
    import keras_hub

    from benchmarks.speed import keras_steps

    clock.begin()
    x, y = _batch(settings)
    task = keras_hub.models.BertMaskedLM(_encoder(settings), preprocessor=None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    task.compile(
        keras_steps.adamw(), loss, weighted_metrics=[accuracy], jit_compile=True
    )
    keras_steps.fit(task, (x, y, np.ones(y.shape, "float32")), clock)


def kerassl(settings, clock, by="fit"):
    """`MaskedLM` by `fit`."""
    from benchmarks.speed import keras_steps
    from kerassl.models import MaskedLM

    clock.begin()
    x, y = _batch(settings)
    task = MaskedLM(_encoder(settings))
    task.compile(keras_steps.adamw())
    getattr(keras_steps, by)(task, (x, y, np.ones(y.shape, "float32")), clock)


def kerassl_graph(settings, clock):
    """The step of `MaskedLM` without the trainer."""
    kerassl(settings, clock, by="graph")


def _batch(settings):
    """Returns (x, y): random tokens, all rows full, and those that are hidden."""
    random = np.random.default_rng(0)
    shape = rows, length = settings["batch_size"], settings["sequence_length"]
    token_ids = random.integers(0, settings["vocabulary_size"], shape, dtype="int32")
    places = random.permuted(np.tile(np.arange(length), (rows, 1)), axis=1)
    positions = np.sort(places[:, : settings["masked"]], axis=1).astype("int32")
    answers = np.take_along_axis(token_ids, positions, axis=1)
    np.put_along_axis(token_ids, positions, 103, axis=1)
    x = {
        "token_ids": token_ids,
        "segment_ids": np.zeros_like(token_ids),
        "padding_mask": np.ones_like(token_ids),
        "mask_positions": positions,
    }
    return x, answers


def _huggingface():
    """Returns the class, and a function from settings to its configuration."""
    from transformers import BertConfig, BertForMaskedLM

    return BertForMaskedLM, lambda settings: BertConfig(
        vocab_size=settings["vocabulary_size"],
        num_hidden_layers=settings["num_layers"],
        num_attention_heads=settings["num_heads"],
        hidden_size=settings["hidden_dim"],
        intermediate_size=4 * settings["hidden_dim"],
        max_position_embeddings=settings["sequence_length"],
    )


def _encoder(settings):
    import keras_hub

    return keras_hub.models.BertBackbone(
        settings["vocabulary_size"],
        num_layers=settings["num_layers"],
        num_heads=settings["num_heads"],
        hidden_dim=settings["hidden_dim"],
        intermediate_dim=4 * settings["hidden_dim"],
        dropout=0.1,
        max_sequence_length=settings["sequence_length"],
    )


SIZES = {
    "batch_size": 32,
    "sequence_length": 128,
    "masked": 20,
    "vocabulary_size": 30522,
    "num_layers": 4,
    "num_heads": 4,
    "hidden_dim": 256,
    "clock": {"warmup": 2, "steps": 12},
}

WORKLOAD = Workload(
    summary="A step of masked language modelling: a BERT of 4 layers x 256, vocabulary "
    "30,522, 32 rows of 128 tokens with 20 hidden, dropout 0.1, AdamW, float32.",
    unit=None,
    amount=lambda settings: settings["batch_size"],
    settings={"bert": SIZES},
    quick={
        "batch_size": 4,
        "sequence_length": 16,
        "masked": 3,
        "vocabulary_size": 200,
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 16,
        "clock": {"warmup": 1, "steps": 10},
    },
    contenders={
        "huggingface": peer(huggingface, "torch", "transformers"),
        "huggingface-compiled": peer(huggingface_compiled, "torch", "transformers"),
        "huggingface-gather": peer(huggingface_gather, "torch", "transformers"),
        "keras_hub": ours(keras_hub, "keras_hub"),
        "kerassl-graph": ours(kerassl_graph, "keras_hub"),
        "kerassl": ours(kerassl, "keras_hub"),
    },
)
