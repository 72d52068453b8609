"""What a file may name: the allow list, and the guards that hold to it.

A preset, a run's `run.json`, the folder of a tokenizer, a `.keras` file are data.
They may name parts to build, and nothing else. `parts` is the list, the rest of
this folder reads files by it. Nothing here imports TensorFlow before it must.

Example:
    >>> find("kerassl.encoders.dense", "encoder").__name__
    'dense'
"""

from kerassl.allowed.archives import Damaged, check_weights, load_model, read_config
from kerassl.allowed.configs import check_config, deserialize, reason
from kerassl.allowed.documents import check_depth, parse, read_json
from kerassl.allowed.names import NotAllowed, allow, find, public_names, rules
from kerassl.allowed.parts import KINDS, SECTIONS, VOCABULARY_ARGUMENTS, part, wanted
from kerassl.allowed.paths import inside

__all__ = [
    "Damaged",
    "KINDS",
    "NotAllowed",
    "SECTIONS",
    "VOCABULARY_ARGUMENTS",
    "allow",
    "check_config",
    "check_depth",
    "check_weights",
    "deserialize",
    "find",
    "inside",
    "load_model",
    "parse",
    "part",
    "public_names",
    "read_config",
    "read_json",
    "reason",
    "rules",
    "wanted",
]
