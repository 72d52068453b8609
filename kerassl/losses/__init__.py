"""Losses: pure functions, one family a file."""

from kerassl.losses.adversarial import (
    AdversarialLoss,
    NonSaturating,
    Wasserstein,
    gradient_penalty,
)
from kerassl.losses.clustering import swapped_prediction
from kerassl.losses.contrastive import (
    in_batch_info_nce,
    in_batch_logits,
    nt_xent,
    nt_xent_logits,
    nt_xent_per_example,
    queue_info_nce,
    queue_logits,
)
from kerassl.losses.distillation import normalized_squared_error
from kerassl.losses.frames import frame_l1
from kerassl.losses.language import (
    detection_cross_entropy,
    lean_token_cross_entropy,
    token_cross_entropy,
)
from kerassl.losses.reconstruction import binary_cross_entropy, mean_squared_error
from kerassl.losses.redundancy import covariance_penalty, variance_hinge

__all__ = [
    "AdversarialLoss",
    "NonSaturating",
    "Wasserstein",
    "binary_cross_entropy",
    "covariance_penalty",
    "detection_cross_entropy",
    "frame_l1",
    "gradient_penalty",
    "in_batch_info_nce",
    "in_batch_logits",
    "lean_token_cross_entropy",
    "mean_squared_error",
    "normalized_squared_error",
    "nt_xent",
    "nt_xent_logits",
    "nt_xent_per_example",
    "queue_info_nce",
    "queue_logits",
    "swapped_prediction",
    "token_cross_entropy",
    "variance_hinge",
]
