"""Self-supervised learning for Keras: unlabelled examples in, an encoder out.

Names are imported when they are first used, so that `import kerassl` and the
command line's `list` and `show` do not wait for TensorFlow.

Example:
    >>> import kerassl
    >>> "simclr_digits" in kerassl.zoo.names()
    True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from kerassl.registration import register_with_keras

__version__ = "0.3.0"

__all__ = [
    "Run",
    "__version__",
    "allowed",
    "augment",
    "callbacks",
    "cli",
    "compare",
    "data",
    "distribute",
    "embed",
    "encoders",
    "evaluate",
    "generate",
    "export",
    "explain",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "pictures",
    "pretext",
    "pretrain",
    "pretrain_all",
    "pretraining",
    "runs",
    "search",
    "testing",
    "tokenizers",
    "transfer",
    "tune",
    "use",
    "zoo",
]

# Where the names that are no module of their own live.
_HOMES = {
    "Run": "kerassl.runs",
    "compare": "kerassl.use",
    "embed": "kerassl.use",
    "evaluate": "kerassl.pretraining",
    "generate": "kerassl.use",
    "export": "kerassl.use",
    "explain": "kerassl.use",
    "pretrain": "kerassl.pretraining",
    "pretrain_all": "kerassl.use",
    "search": "kerassl.use",
    "tune": "kerassl.use",
}

if TYPE_CHECKING:
    from kerassl import allowed as allowed
    from kerassl import augment as augment
    from kerassl import callbacks as callbacks
    from kerassl import cli as cli
    from kerassl import data as data
    from kerassl import distribute as distribute
    from kerassl import encoders as encoders
    from kerassl import layers as layers
    from kerassl import losses as losses
    from kerassl import metrics as metrics
    from kerassl import models as models
    from kerassl import ops as ops
    from kerassl import optimizers as optimizers
    from kerassl import pictures as pictures
    from kerassl import pretext as pretext
    from kerassl import pretraining as pretraining
    from kerassl import runs as runs
    from kerassl import testing as testing
    from kerassl import tokenizers as tokenizers
    from kerassl import transfer as transfer
    from kerassl import use as use
    from kerassl import zoo as zoo
    from kerassl.pretraining import evaluate as evaluate
    from kerassl.pretraining import pretrain as pretrain
    from kerassl.runs import Run as Run
    from kerassl.use import compare as compare
    from kerassl.use import embed as embed
    from kerassl.use import explain as explain
    from kerassl.use import export as export
    from kerassl.use import generate as generate
    from kerassl.use import pretrain_all as pretrain_all
    from kerassl.use import search as search
    from kerassl.use import tune as tune


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in __all__:
        value = importlib.import_module(f"kerassl.{name}")
    elif name[0].isupper() and name in (models := _models()).__all__:
        # Files and code of 0.1 name tasks so; nothing need be added for a new one.
        value = getattr(models, name)
    else:
        raise AttributeError(f"module 'kerassl' has no attribute {name!r}")
    globals()[name] = value
    return value


def _models() -> Any:
    return importlib.import_module("kerassl.models")


def __dir__() -> list[str]:
    return sorted(__all__)


register_with_keras()
