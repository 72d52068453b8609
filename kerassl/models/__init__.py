"""Pretext models: one class for each training step, in families by principle."""

from kerassl.models import (
    adversarial,
    autoregressive,
    clustering,
    contextual,
    contrastive,
    distillation,
    masked,
    puzzles,
    reconstructive,
    redundancy,
)
from kerassl.models.adversarial import *  # noqa: F403
from kerassl.models.autoregressive import *  # noqa: F403
from kerassl.models.base import PretextModel
from kerassl.models.clustering import *  # noqa: F403
from kerassl.models.contextual import *  # noqa: F403
from kerassl.models.contrastive import *  # noqa: F403
from kerassl.models.distillation import *  # noqa: F403
from kerassl.models.masked import *  # noqa: F403
from kerassl.models.puzzles import *  # noqa: F403
from kerassl.models.reconstructive import *  # noqa: F403
from kerassl.models.redundancy import *  # noqa: F403

__all__ = ["PretextModel"]
__all__ += adversarial.__all__
__all__ += autoregressive.__all__
__all__ += clustering.__all__
__all__ += contextual.__all__
__all__ += contrastive.__all__
__all__ += distillation.__all__
__all__ += masked.__all__
__all__ += puzzles.__all__
__all__ += reconstructive.__all__
__all__ += redundancy.__all__
