"""Image augmentation: whole batches at once, in graph, a function of a seed."""

from kerassl.augment.image.color import adjust_color
from kerassl.augment.image.view import (
    check_view_options,
    random_view,
    render_view,
    resize,
    view_draws,
)

__all__ = [
    "adjust_color",
    "check_view_options",
    "random_view",
    "render_view",
    "resize",
    "view_draws",
]
