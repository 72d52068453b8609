"""The zoo: presets that name data, encoder, pretext task, step and recipe.

A preset is one JSON file plus a card, a markdown page with its results. Names,
cards and configurations are read without importing TensorFlow; `load` builds.

Example:
    >>> from kerassl import zoo
    >>> zoo.config("simclr_digits")["modality"]
    'image'
"""

from kerassl.allowed import allow
from kerassl.zoo.assemble import build, check
from kerassl.zoo.catalog import (
    InvalidPreset,
    UnknownPreset,
    card,
    config,
    config_hash,
    names,
    validate,
)
from kerassl.zoo.loading import Assembly, load, load_pretext
from kerassl.zoo.overrides import override, parse_override
from kerassl.zoo.weights import manifest, told, trained_names

__all__ = [
    "Assembly",
    "InvalidPreset",
    "UnknownPreset",
    "allow",
    "build",
    "card",
    "check",
    "config",
    "config_hash",
    "load",
    "load_pretext",
    "manifest",
    "names",
    "override",
    "parse_override",
    "told",
    "trained_names",
    "validate",
]
