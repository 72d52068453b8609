"""Image augmentation: whole batches at once, in graph, a function of a seed."""

from kerassl.augment.image.color import adjust_color
from kerassl.augment.image.geometry import coarse_matrix
from kerassl.augment.image.lab import rgb_to_lab, scaled_lab, unscaled_lab
from kerassl.augment.image.values import (
    SLACK,
    as_tensor,
    check_between,
    check_images,
    check_range,
    check_side,
    to_unit,
)
from kerassl.augment.image.view import View, check_scale, resize, view_draws

__all__ = [
    "SLACK",
    "View",
    "adjust_color",
    "as_tensor",
    "check_between",
    "check_images",
    "check_range",
    "check_scale",
    "check_side",
    "coarse_matrix",
    "resize",
    "rgb_to_lab",
    "scaled_lab",
    "to_unit",
    "unscaled_lab",
    "view_draws",
]
