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
    supervised_contrastive,
    von_mises_fisher_weights,
)
from kerassl.losses.distillation import (
    centred_softmax,
    cross_view_entropy,
    masked_patch_entropy,
    negative_cosine,
    normalized_squared_error,
    smooth_l1,
)
from kerassl.losses.frames import frame_l1
from kerassl.losses.hidden_patches import normalized_patches
from kerassl.losses.language import (
    detection_cross_entropy,
    lean_token_cross_entropy,
    token_cross_entropy,
)
from kerassl.losses.multiscale import (
    best_is_right,
    map_info_nce,
    map_scores,
    score_penalty,
)
from kerassl.losses.multiview import (
    multiview_info_nce,
    multiview_logits,
    sum_of_comparisons,
)
from kerassl.losses.neighbours import nearest_neighbour_info_nce
from kerassl.losses.patches import patch_info_nce, patch_logits
from kerassl.losses.places import place_cross_entropy, smoothed_places
from kerassl.losses.reconstruction import (
    binary_cross_entropy,
    mean_absolute_error,
    mean_squared_error,
)
from kerassl.losses.redundancy import (
    barlow_twins,
    barlow_twins_terms,
    covariance_penalty,
    cross_correlation,
    variance_hinge,
)
from kerassl.losses.sparsity import sparsity_divergence
from kerassl.losses.triplet import triplet_loss
from kerassl.losses.variational import gaussian_divergence

__all__ = [
    "AdversarialLoss",
    "NonSaturating",
    "Wasserstein",
    "annealed_mean",
    "barlow_twins",
    "barlow_twins_terms",
    "best_is_right",
    "binary_cross_entropy",
    "centred_softmax",
    "color_cross_entropy",
    "covariance_penalty",
    "cross_correlation",
    "cross_view_entropy",
    "decoupled_contrastive",
    "detection_cross_entropy",
    "frame_l1",
    "gaussian_divergence",
    "gradient_penalty",
    "in_batch_info_nce",
    "in_batch_logits",
    "lean_token_cross_entropy",
    "map_info_nce",
    "map_scores",
    "masked_patch_entropy",
    "mean_absolute_error",
    "mean_squared_error",
    "multiview_info_nce",
    "multiview_logits",
    "nearest_bins",
    "nearest_neighbour_info_nce",
    "negative_cosine",
    "normalized_patches",
    "normalized_squared_error",
    "nt_xent",
    "nt_xent_logits",
    "nt_xent_per_example",
    "patch_info_nce",
    "patch_logits",
    "place_cross_entropy",
    "queue_info_nce",
    "queue_logits",
    "rebalancing_weights",
    "score_penalty",
    "smooth_l1",
    "smoothed_places",
    "sparsity_divergence",
    "sum_of_comparisons",
    "supervised_contrastive",
    "swapped_prediction",
    "token_cross_entropy",
    "triplet_loss",
    "variance_hinge",
    "von_mises_fisher_weights",
]
