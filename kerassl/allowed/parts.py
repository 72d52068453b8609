"""The allow list: which classes and functions a file may name, and where.

A class of your own needs no entry here: derive it from the base of its kind and
name its module with `--import`. A class of kerassl needs none either; a function of
kerassl that builds a part is marked where it stands, by `part`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Function = TypeVar("Function", bound=Callable)


@dataclass(frozen=True)
class Kind:
    """The parts that may stand in one place.

    Attributes:
        what: How messages call one of them.
        bases: Dotted names of the classes that they derive from.
        modules: Below which modules such classes are looked for.
        names: Single classes that are allowed beside them.
        own_bases: Bases that count in modules of `--import` only.
        presets: Whether `"preset"` may name a model to start from.
    """

    what: str
    bases: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    own_bases: tuple[str, ...] = ()
    presets: bool = False


KINDS: Mapping[str, Kind] = {
    "source": Kind(
        "source of examples",
        bases=("kerassl.data.Source",),
        modules=("kerassl",),
    ),
    "tokenizer": Kind(
        "tokenizer",
        bases=("keras_hub.tokenizers.Tokenizer",),
        modules=("keras_hub", "kerassl"),
        presets=True,
    ),
    "encoder": Kind(
        "encoder or other network",
        bases=("keras_hub.models.Backbone",),
        modules=("keras_hub", "kerassl.encoders"),
        names=("keras.Sequential",),
        own_bases=("keras.Model",),
        presets=True,
    ),
    "pretext": Kind(
        "pretext layer",
        bases=("kerassl.pretext.PretextLayer",),
        modules=("kerassl",),
    ),
    "model": Kind(
        "pretext model",
        bases=("kerassl.models.PretextModel",),
        modules=("kerassl",),
    ),
    "noise": Kind(
        "noise on tokens",
        bases=("kerassl.pretext.text.token_noise.TokenNoise",),
        modules=("kerassl",),
    ),
    "optimizer": Kind(
        "optimizer",
        bases=("keras.optimizers.Optimizer",),
        modules=("keras.optimizers", "kerassl.optimizers"),
    ),
    "schedule": Kind(
        "learning-rate schedule",
        bases=("keras.optimizers.schedules.LearningRateSchedule",),
        modules=("keras.optimizers.schedules", "kerassl.optimizers"),
    ),
    "loss": Kind(
        "loss",
        bases=("keras.losses.Loss", "kerassl.losses.AdversarialLoss"),
        modules=("keras.losses", "kerassl.losses"),
    ),
    "metric": Kind(
        "metric",
        bases=("keras.metrics.Metric",),
        modules=("keras.metrics", "kerassl.metrics"),
    ),
    "measure": Kind(
        "measure",
        bases=("kerassl.transfer.Measure",),
        modules=("kerassl",),
    ),
    "layer": Kind(
        "layer or augmentation",
        bases=("keras.layers.Layer",),
        modules=("keras.layers", "keras_hub.layers", "kerassl.layers"),
        names=("keras.Input", "keras.Sequential"),
    ),
    "initializer": Kind(
        "initializer",
        bases=("keras.initializers.Initializer",),
        modules=("keras.initializers",),
    ),
    "regularizer": Kind(
        "regularizer",
        bases=("keras.regularizers.Regularizer",),
        modules=("keras.regularizers",),
    ),
    "constraint": Kind(
        "constraint",
        bases=("keras.constraints.Constraint",),
        modules=("keras.constraints",),
    ),
}


def part(kind: str) -> Callable[[Function], Function]:
    """Marks a function of kerassl that builds a part, so that a file may name it.

    Such a function opens no file and runs nothing that its arguments name. The mark
    counts in kerassl's own modules only.

    Args:
        kind: Which part it builds, a key of `KINDS`.

    Example:
        >>> @part("encoder")
        ... def small(width=8): ...
        >>> small.kerassl_part
        'encoder'
    """
    KINDS[kind]

    def mark(function: Function) -> Function:
        vars(function)["kerassl_part"] = kind
        return function

    return mark


# The sections of a preset that are a part, and of which kind.
SECTIONS: Mapping[str, str] = {
    "data": "source",
    "tokenizer": "tokenizer",
    "encoder": "encoder",
    "pretext": "pretext",
    "model": "model",
}

# Arguments that take a part, by the last words of their names. A class of yours
# may add to them in a class attribute `parts`, a dict from argument to kind.
_ARGUMENTS: Mapping[str, str] = {
    "augmentation": "layer",
    "augmentations": "layer",
    "backbone": "encoder",
    "cell": "layer",
    "cells": "layer",
    "constraint": "constraint",
    "criterion": "loss",
    "decoder": "encoder",
    "discriminator": "encoder",
    "encoder": "encoder",
    "encoders": "encoder",
    "generator": "encoder",
    "initializer": "initializer",
    "inner_optimizer": "optimizer",
    "layer": "layer",
    "layers": "layer",
    "learning_rate": "schedule",
    "loss": "loss",
    "losses": "loss",
    "measure": "measure",
    "measures": "measure",
    "metric": "metric",
    "metrics": "metric",
    "noise": "noise",
    "noises": "noise",
    "optimizer": "optimizer",
    "pretext": "pretext",
    "regularizer": "regularizer",
    "schedule": "schedule",
    "source": "source",
    "student": "encoder",
    "teacher": "encoder",
    "tokenizer": "tokenizer",
}

# Files of earlier versions name these by where they were.
MOVED: Mapping[str, str] = {
    "kerassl.pretext.text.word_piece_tokenizer.WordPieceTokenizer": (
        "kerassl.tokenizers.WordPieceTokenizer"
    ),
    "kerassl.pretext.text.word_tokenizer.WordTokenizer": (
        "kerassl.tokenizers.WordTokenizer"
    ),
}

# They run code, or read and write files, whatever they derive from.
DENIED = (
    "keras.layers.FlaxLayer",
    "keras.layers.IntegerLookup",
    "keras.layers.JaxLayer",
    "keras.layers.Lambda",
    "keras.layers.StringLookup",
    "keras.layers.TFSMLayer",
    "keras.layers.TextVectorization",
    "keras.layers.TorchModuleWrapper",
    "keras.utils.FeatureSpace",
    "keras_hub.models.Preprocessor",
    "keras_hub.models.Task",
)

# Arguments of tokenizers that are the vocabulary itself, or the path of a file.
VOCABULARY_ARGUMENTS = (
    "vocabulary",
    "merges",
    "proto",
    "special_tokens",
    "language_tokens",
)

# What the configurations in `.keras` files and folders of models are made of.
MODEL_BASES = (
    "keras.Operation",
    "keras.DTypePolicy",
    "keras.Quantizer",
    "keras.constraints.Constraint",
    "keras.initializers.Initializer",
    "keras.losses.Loss",
    "keras.metrics.Metric",
    "keras.optimizers.Optimizer",
    "keras.optimizers.schedules.LearningRateSchedule",
    "keras.random.SeedGenerator",
    "keras.regularizers.Regularizer",
    "kerassl.losses.AdversarialLoss",
    "kerassl.pretext.text.token_noise.TokenNoise",
)
# Whose functions they may name, and single ones of other modules.
MODEL_FUNCTION_MODULES = (
    "keras.activations",
    "keras.losses",
    "keras.metrics",
    "keras.initializers",
)
MODEL_FUNCTIONS = ("keras_hub>gelu_approximate", "keras_nlp>gelu_approximate")
NO_FUNCTIONS = ("get", "serialize", "deserialize")


def wanted(owner: object, argument: str) -> str | None:
    """Returns the kind of part that an argument takes, or None.

    Args:
        owner: The class or function that has the argument.
        argument: Its name.

    Example:
        >>> wanted(object, "kernel_initializer"), wanted(object, "units")
        ('initializer', None)
    """
    own = getattr(owner, "parts", None)
    if isinstance(own, Mapping) and argument in own:
        return own[argument]
    words = argument.split("_")
    for first in range(len(words)):
        kind = _ARGUMENTS.get("_".join(words[first:]))
        if kind is not None:
            return kind
    return None
