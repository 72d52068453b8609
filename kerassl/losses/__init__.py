"""Losses: pure functions, one family a file."""

from kerassl.losses.adversarial import (
    AdversarialLoss,
    NonSaturating,
    Wasserstein,
    gradient_penalty,
)
from kerassl.losses.clustering import swapped_prediction
from kerassl.losses.color import (
    annealed_mean,
    color_cross_entropy,
    nearest_bins,
    rebalancing_weights,
)
from kerassl.losses.contrastive import (
    decoupled_contrastive,
    in_batch_info_nce,
    in_batch_logits,
    nt_xent,
    nt_xent_logits,
    nt_xent_per_example,
    queue_info_nce,
    queue_logits,
    von_mises_fisher_weights,
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
from kerassl.losses.neighbours import nearest_neighbour_info_nce
from kerassl.losses.reconstruction import binary_cross_entropy, mean_squared_error
from kerassl.losses.redundancy import (
    barlow_twins,
    barlow_twins_terms,
    covariance_penalty,
    cross_correlation,
    variance_hinge,
)
from kerassl.losses.triplet import triplet_loss

__all__ = [
    "AdversarialLoss",
    "NonSaturating",
    "Wasserstein",
    "annealed_mean",
    "barlow_twins",
    "barlow_twins_terms",
    "binary_cross_entropy",
    "centred_softmax",
    "color_cross_entropy",
    "covariance_penalty",
    "cross_correlation",
    "decoupled_contrastive",
    "cross_view_entropy",
    "detection_cross_entropy",
    "frame_l1",
    "gradient_penalty",
    "in_batch_info_nce",
    "in_batch_logits",
    "lean_token_cross_entropy",
    "mean_squared_error",
    "nearest_neighbour_info_nce",
    "nearest_bins",
    "normalized_squared_error",
    "nt_xent",
    "nt_xent_logits",
    "nt_xent_per_example",
    "queue_info_nce",
    "queue_logits",
    "rebalancing_weights",
    "swapped_prediction",
    "token_cross_entropy",
    "triplet_loss",
    "variance_hinge",
    "von_mises_fisher_weights",
]
