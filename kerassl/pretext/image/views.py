"""Several random views of each image: the pretext task of joint embeddings."""

import dataclasses
from collections.abc import Mapping, Sequence

import keras

from kerassl.augment.image import View
from kerassl.checks import check_integer
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pretext.image.base import MOST_VIEWS, ViewLayer, named_views


@keras.saving.register_keras_serializable(package="kerassl")
class Views(ViewLayer):
    """Makes independent random views of each image of a batch, each of its kind.

    Methods that compare views differ in how many there are and how each is made:
    SimCLR's two are alike, BYOL's two differ in blur and solarisation, SwAV and
    DINO add small local crops to two large ones. `TwoViews` and `MultiCrop` are shorter
    to write where the views share most options.

    A view of one kind is a `kerassl.augment.image.View`, or a dict of its options,
    as in a preset. Those left out have the defaults of `View`.

    Args:
        global_views: The kinds of the global views, one or more, such as two of 224
            pixels. `task.features` sees whole images of the first one's size.
        local_view: The kind of the local views, such as crops of 96 pixels; None
            where there are none.
        num_local_views: How many local views there are.
        mean: Mean of each channel to subtract, in [0, 1], or None.
        std: Standard deviation of each channel to divide by, or None.
        jit_compile: Compile the augmentation with XLA. It is then 1.6 to 2 times
            as fast on a CPU, after about a second of compilation for each new
            shape of batch.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({"view1": views, "view2": views, ..., "local1": views, ...},)`, each
        float32 of shape (batch, size, size, channels) with the size of its kind,
        in [0, 1] before `mean` and `std`.

    Raises:
        ValueError: If an argument is out of its range, or an input is no batch
            of images.

    Example:
        >>> import tensorflow as tf
        >>> layer = Views(
        ...     [View(32), View(32, solarize_rate=0.2)],
        ...     local_view=View(16, crop_scale=(0.05, 0.4)),
        ...     num_local_views=2,
        ...     jit_compile=False,
        ... )
        >>> (x,) = layer(tf.zeros((4, 40, 40, 3), tf.uint8), seed=tf.constant([0, 1]))
        >>> {name: views.shape[1] for name, views in x.items()}
        {'view1': 32, 'view2': 32, 'local1': 16, 'local2': 16}

    References:
        Caron et al., 2020, section 3.2, https://arxiv.org/abs/2006.09882
        Caron et al., 2021, https://arxiv.org/abs/2104.14294
    """

    def __init__(
        self,
        global_views: Sequence[View | Mapping] = (View(), View()),
        local_view: View | Mapping | None = None,
        num_local_views: int = 0,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        jit_compile: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.global_views = _as_views(global_views)
        self.local_view = _as_view("local_view", local_view)
        self.num_local_views = num_local_views
        self._check_local()
        views = named_views(self.global_views, [self.local_view] * num_local_views)
        self.make_views(views, mean, std, jit_compile)

    def _check_local(self):
        check_integer("num_local_views", self.num_local_views, least=0, most=MOST_VIEWS)
        if (self.local_view is None) != (self.num_local_views == 0):
            raise InvalidValue(
                "`local_view` must be given together with `num_local_views` above 0. "
                f"Received: local_view={self.local_view!r}, "
                f"num_local_views={self.num_local_views}"
            )

    def get_config(self):
        local = self.local_view
        return {
            **super().get_config(),
            "global_views": [dataclasses.asdict(view) for view in self.global_views],
            "local_view": None if local is None else dataclasses.asdict(local),
            "num_local_views": self.num_local_views,
            "mean": self.mean,
            "std": self.std,
            "jit_compile": self.jit_compile,
        }


def _as_views(views):
    if not isinstance(views, Sequence) or isinstance(views, str) or not views:
        raise InvalidType(
            "`global_views` must be a list of one or more views. "
            f"Received: global_views={views!r}"
        )
    return tuple(_as_view("global_views", view) for view in views)


def _as_view(name, view):
    """Returns what was given as a `View`, None as None."""
    if isinstance(view, Mapping):
        known = [field.name for field in dataclasses.fields(View)]
        if unknown := [option for option in view if option not in known]:
            raise InvalidValue(
                f"`{name}` must give options of a view, {', '.join(known)}. "
                f"Received: {unknown[0]!r}"
            )
        return View(**view)
    if isinstance(view, View) or (view is None and name == "local_view"):
        return view
    raise InvalidType(
        f"`{name}` must be made of views: `View`s or dicts of their options. "
        f"Received: {view!r}"
    )
