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

__version__ = "0.2.0"

__all__ = [
    "APC",
    "Autoencoder",
    "BYOL",
    "CBOW",
    "CausalLM",
    "DeepCluster",
    "GAN",
    "DenoisingSeq2Seq",
    "MaskedLM",
    "MoCo",
    "Run",
    "SimCLR",
    "SimCSE",
    "SkipGram",
    "__version__",
    "allowed",
    "augment",
    "callbacks",
    "cli",
    "data",
    "distribute",
    "encoders",
    "evaluate",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "pictures",
    "pretext",
    "pretrain",
    "pretraining",
    "run",
    "testing",
    "transfer",
    "zoo",
]

# Where the names that are no module of their own live.
_HOMES = {
    "APC": "kerassl.models",
    "Autoencoder": "kerassl.models",
    "BYOL": "kerassl.models",
    "CBOW": "kerassl.models",
    "CausalLM": "kerassl.models",
    "DeepCluster": "kerassl.models",
    "GAN": "kerassl.models",
    "DenoisingSeq2Seq": "kerassl.models",
    "MaskedLM": "kerassl.models",
    "MoCo": "kerassl.models",
    "Run": "kerassl.run",
    "SimCLR": "kerassl.models",
    "SimCSE": "kerassl.models",
    "SkipGram": "kerassl.models",
    "evaluate": "kerassl.pretraining",
    "pretrain": "kerassl.pretraining",
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
    from kerassl import optimizers as optimizers
    from kerassl import pictures as pictures
    from kerassl import pretext as pretext
    from kerassl import pretraining as pretraining
    from kerassl import run as run
    from kerassl import testing as testing
    from kerassl import transfer as transfer
    from kerassl import zoo as zoo
    from kerassl.models import APC as APC
    from kerassl.models import BYOL as BYOL
    from kerassl.models import CBOW as CBOW
    from kerassl.models import GAN as GAN
    from kerassl.models import Autoencoder as Autoencoder
    from kerassl.models import CausalLM as CausalLM
    from kerassl.models import DeepCluster as DeepCluster
    from kerassl.models import DenoisingSeq2Seq as DenoisingSeq2Seq
    from kerassl.models import MaskedLM as MaskedLM
    from kerassl.models import MoCo as MoCo
    from kerassl.models import SimCLR as SimCLR
    from kerassl.models import SimCSE as SimCSE
    from kerassl.models import SkipGram as SkipGram
    from kerassl.pretraining import evaluate as evaluate
    from kerassl.pretraining import pretrain as pretrain
    from kerassl.run import Run as Run


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    elif name in __all__:
        value = importlib.import_module(f"kerassl.{name}")
    else:
        raise AttributeError(f"module 'kerassl' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


register_with_keras()
