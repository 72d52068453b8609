"""Losses: pure functions, one family a file."""

from kerassl.losses.adversarial import (
    AdversarialLoss,
    NonSaturating,
    Wasserstein,
    gradient_penalty,
)
from kerassl.losses.contrastive import (
    in_batch_info_nce,
    in_batch_logits,
    nt_xent,
    nt_xent_logits,
    nt_xent_per_example,
    queue_info_nce,
    queue_logits,
)
from kerassl.losses.distillation import (
    centred_softmax,
    cross_view_entropy,
    normalized_squared_error,
)
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
    "centred_softmax",
    "covariance_penalty",
    "cross_view_entropy",
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
    "token_cross_entropy",
    "variance_hinge",
]
