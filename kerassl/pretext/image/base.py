"""What layers that make random views of images have in common."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from kerassl.augment.image import as_tensor, check_images, resize, to_unit, view_draws
from kerassl.checks import check_number
from kerassl.errors import InvalidType, InvalidValue
from kerassl.pictures import image_grid
from kerassl.pretext.base import PretextLayer, fold_seed
from kerassl.pretext.encoder_input import EncoderInput

# A graph of more is never made; papers have up to 12.
MOST_VIEWS = 256


class ViewLayer(PretextLayer):
    """Makes random views of images: a dict of them, each under its name.

    A subclass tells in its constructor which, by `make_views`. Each view is drawn
    with a seed of its own, so that view 1 does not change with what follows.

    Args:
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Attributes:
        views: Dict from the names of the views to their `View`s.

    Input shape:
        (batch, height, width, channels), 1 or 3 channels, uint8 in [0, 255] or
        float in [0, 1]; for other dtypes see `kerassl.augment.image.values`.

    Output:
        `({name: views},)` in the order of `views`, each float32 of shape (batch,
        size, size, channels) with the size of its `View`, in [0, 1] before `mean`
        and `std`.
    """

    def make_views(self, views, mean=None, std=None, jit_compile=True):
        """Sets which views are made, and how their values are scaled.

        Args:
            views: Dict from names to `kerassl.augment.image.View`s, of which the
                first is of the size that `prepare` gives.
            mean: Mean of each channel to subtract, in [0, 1], or None.
            std: Standard deviation of each channel to divide by, or None.
            jit_compile: Compile the augmentation with XLA.

        Raises:
            ValueError: If `mean` or `std` is out of its range.
        """
        _check_channels("mean", mean)
        _check_channels("std", std, above=0)
        self.views = views
        self.mean = None if mean is None else tuple(mean)
        self.std = None if std is None else tuple(std)
        self.jit_compile = jit_compile
        # XLA computes the views; the random numbers come from outside it.
        self._render = tf.function(
            self._rendered, jit_compile=jit_compile, autograph=False
        )

    @property
    def size(self):
        """Height and width of what `prepare` gives, those of the first view."""
        return next(iter(self.views.values())).size

    @property
    def encoder_input(self):
        made = "uint8 divided by 255"
        if self.mean is not None:
            made += f", less {_listed(self.mean)}"
        if self.std is not None:
            made += f", divided by {_listed(self.std)}"
        mean, std = np.array(self.mean or [0.0]), np.array(self.std or [1.0])
        least, most = np.min((0.0 - mean) / std), np.max((1.0 - mean) / std)
        return EncoderInput("images", made, float(least), float(most))

    def check(self, inputs):
        check_images(inputs)
        channels = as_tensor(inputs).shape[-1]
        for name in ("mean", "std"):
            values = getattr(self, name)
            if values is not None and len(values) not in (1, channels):
                raise InvalidValue(
                    f"`{name}` must hold one number, or one for each of the "
                    f"{channels} channels of the images. Received: {values}"
                )

    def call(self, inputs, seed):
        inputs = to_unit(inputs)
        batch_size = inputs.shape[0] or tf.shape(inputs)[0]
        seeds = [fold_seed(seed, i) for i in range(1, 1 + len(self.views))]
        made = self._render(inputs, *(view_draws(own, batch_size) for own in seeds))
        shapes = [
            (inputs.shape[0], view.size, view.size, inputs.shape[-1])
            for view in self.views.values()
        ]
        made = map(tf.ensure_shape, made, shapes)
        return (dict(zip(self.views, made, strict=True)),)

    def prepare(self, inputs):
        """Returns the whole images, resized and scaled as the first view is.

        Args:
            inputs: Images as for a call.

        Returns:
            float32 tensor (batch, size, size, channels).
        """
        return self._normalize(resize(inputs, self.size))

    def draw(self, inputs, seed):
        """Returns a figure: each image with its views beside it.

        Args:
            inputs: Images as for a call; each becomes a row.
            seed: Integer tensor of shape (2,).
        """
        views = list(self(inputs, seed)[0].values())
        names = [_spaced(name) for name in self.views] if len(views) > 1 else ["view"]
        return image_grid(
            [self._denormalize(x).numpy() for x in (self.prepare(inputs), *views)],
            titles=["image", *names],
        )

    def _rendered(self, images, *draws):
        return [
            self._normalize(view.render(images, numbers))
            for view, numbers in zip(self.views.values(), draws, strict=True)
        ]

    def _normalize(self, images):
        images = images if self.mean is None else images - tf.constant(self.mean)
        return images if self.std is None else images / tf.constant(self.std)

    def _denormalize(self, images):
        images = images if self.std is None else images * tf.constant(self.std)
        return images if self.mean is None else images + tf.constant(self.mean)


def named_views(views, local_views=()):
    """Returns views under the names "view1", "view2", ..., "local1", ...

    Args:
        views: `View`s.
        local_views: Those of parts of an image.

    Example:
        >>> list(named_views(["a", "b"], ["c"]))
        ['view1', 'view2', 'local1']
    """
    kinds = {"view": views, "local": local_views}
    return {
        f"{kind}{i}": view
        for kind, these in kinds.items()
        for i, view in enumerate(these, start=1)
    }


def one_for_each(count: int, **option):
    """Returns an option of each of several views, given one for all or a list.

    Args:
        count: How many views there are.
        **option: A number, or a list of `count`, under its argument's name.

    Raises:
        ValueError: If the list is of another length.

    Example:
        >>> one_for_each(2, blur_rate=0.5), one_for_each(2, blur_rate=(1.0, 0.1))
        ((0.5, 0.5), (1.0, 0.1))
    """
    ((name, value),) = option.items()
    if not isinstance(value, Sequence) or isinstance(value, str):
        return (value,) * count
    if len(value) != count:
        raise InvalidValue(
            f"`{name}` must be a number, or a list of {count}, one for each kind of "
            f"view. Received: {name}={value!r}"
        )
    return tuple(value)


def _spaced(name):
    """Returns the name of a view in words, "local 1" of "local1"."""
    kind = name.rstrip("0123456789")
    return f"{kind} {name.removeprefix(kind)}"


def _listed(values):
    return ", ".join(f"{value:g}" for value in values)


def _check_channels(name, values, above=None):
    """Raises unless `values` is None or one number for each channel."""
    if values is None:
        return
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise InvalidType(
            f"`{name}` must be a list of numbers, one for each channel, or None. "
            f"Received: {name}={values!r}"
        )
    for value in values:
        check_number(name, value, above=above)
