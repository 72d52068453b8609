"""Causal language modelling: a step of a GPT of 4 layers x 256."""

import numpy as np

from benchmarks.speed.workload import Workload, ours, peer


def huggingface(settings, clock, compiled=False):
    """`GPT2LMHeadModel` as shipped."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    from benchmarks.speed import torch_steps

    clock.begin()
    config = GPT2Config(
        vocab_size=settings["vocabulary_size"],
        n_positions=settings["sequence_length"],
        n_layer=settings["num_layers"],
        n_head=settings["num_heads"],
        n_embd=settings["hidden_dim"],
        bos_token_id=0,
        eos_token_id=0,
    )
    # The model itself shifts them by one to make the targets.
    token_ids = torch.from_numpy(_tokens(settings)[:, :-1]).long()
    torch_steps.train(
        GPT2LMHeadModel(config),
        lambda m: m(input_ids=token_ids, labels=token_ids).loss,
        clock,
        compiled,
    )


def huggingface_compiled(settings, clock):
    """The same under `torch.compile`."""
    huggingface(settings, clock, compiled=True)


def kerassl(settings, clock, by="fit", **options):
    """`CausalLM` by `fit`, the loss as it chooses itself."""
    import keras_hub

    from benchmarks.speed import keras_steps
    from kerassl.models import CausalLM

    clock.begin()
    tokens = _tokens(settings)
    x = {"token_ids": tokens[:, :-1], "padding_mask": np.ones_like(tokens[:, 1:])}
    weight = np.ones(tokens[:, 1:].shape, "float32")
    encoder = keras_hub.models.GPT2Backbone(
        settings["vocabulary_size"],
        num_layers=settings["num_layers"],
        num_heads=settings["num_heads"],
        hidden_dim=settings["hidden_dim"],
        intermediate_dim=4 * settings["hidden_dim"],
        dropout=0.1,
        max_sequence_length=settings["sequence_length"],
    )
    task = CausalLM(encoder, **options)
    task.compile(keras_steps.adamw())
    getattr(keras_steps, by)(task, (x, tokens[:, 1:], weight), clock)


def kerassl_graph(settings, clock):
    """The step of `CausalLM` without the trainer."""
    kerassl(settings, clock, by="graph")


def kerassl_logits(settings, clock):
    """With all logits at once."""
    kerassl(settings, clock, max_logits=2**62)


def kerassl_lean(settings, clock):
    """With the loss a few tokens at a time."""
    kerassl(settings, clock, max_logits=0)


def _tokens(settings):
    """Returns random tokens, one more in a row than the model reads."""
    shape = settings["batch_size"], settings["sequence_length"] + 1
    random = np.random.default_rng(0)
    return random.integers(0, settings["vocabulary_size"], shape, dtype="int32")


SIZES = {
    "batch_size": 8,
    "sequence_length": 256,
    "num_layers": 4,
    "num_heads": 4,
    "hidden_dim": 256,
    "clock": {"warmup": 2, "steps": 10},
}

WORKLOAD = Workload(
    summary="A step of causal language modelling: a GPT-2 of 4 layers x 256, 8 rows of "
    "256 tokens, dropout 0.1, AdamW, float32; the setting is the vocabulary.",
    unit=None,
    amount=lambda settings: settings["batch_size"],
    settings={
        "50257": {**SIZES, "vocabulary_size": 50257},
        "8192": {**SIZES, "vocabulary_size": 8192},
    },
    quick={
        "batch_size": 2,
        "sequence_length": 8,
        "vocabulary_size": 200,
        "num_layers": 1,
        "num_heads": 2,
        "hidden_dim": 16,
        "clock": {"warmup": 1, "steps": 10},
    },
    contenders={
        "huggingface": peer(huggingface, "torch", "transformers"),
        "huggingface-compiled": peer(huggingface_compiled, "torch", "transformers"),
        "kerassl-graph": ours(kerassl_graph, "keras_hub"),
        "kerassl-logits": ours(kerassl_logits, "keras_hub"),
        "kerassl-lean": ours(kerassl_lean, "keras_hub"),
        "kerassl": ours(kerassl, "keras_hub"),
    },
)
