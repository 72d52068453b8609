"""Image augmentation: whole batches at once, in graph, a function of a seed."""

from kerassl.augment.image.color import adjust_color
from kerassl.augment.image.values import (
    SLACK,
    as_tensor,
    check_between,
    check_images,
    check_range,
    check_side,
    to_unit,
)
from kerassl.augment.image.view import (
    check_view_options,
    random_view,
    render_view,
    resize,
    view_draws,
)

__all__ = [
    "SLACK",
    "adjust_color",
    "as_tensor",
    "check_between",
    "check_images",
    "check_range",
    "check_side",
    "check_view_options",
    "random_view",
    "render_view",
    "resize",
    "to_unit",
    "view_draws",
]
