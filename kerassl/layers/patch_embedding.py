"""Patches of an image as tokens, with positions for every size of image."""

from collections.abc import Sequence

import keras
from keras import ops

from kerassl.checks import check_one_of, check_width, check_widths
from kerassl.errors import InvalidValue
from kerassl.layers.sin_cos_positions import sin_cos_positions

POSITIONS = ("learnt", "sin_cos")

# The slope of Keys' cubic at 1. With it values that rise evenly stay so.
CUBIC_SLOPE = -0.5


@keras.saving.register_keras_serializable(package="kerassl")
class PatchEmbedding(keras.layers.Layer):
    """Cuts images into patches and makes each a token, by a linear map.

    Added to each token is a vector of its position, learnt or fixed. There is one for
    each patch of images of `image_size`; for images of another size the grid of these
    vectors is interpolated (bicubic, without antialiasing), so that one network
    reads large and small crops.

    Args:
        image_size: (height, width) in pixels of the images that the positions are
            for, multiples of `patch_size`.
        patch_size: Side of a patch, or (height, width), in pixels.
        hidden_dim: Dimension of the tokens.
        use_class_token: Put a learnt token, with a position of its own, first.
        positions: `"learnt"`, or `"sin_cos"` for those of
            `kerassl.layers.sin_cos_positions`, which no training changes; that of the
            class token is then zero, and `hidden_dim` a multiple of 4.
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`.

    Input shape:
        (batch, height, width, channels), the sides multiples of `patch_size`.

    Output shape:
        (batch, patches, hidden_dim), row by row, after the class token if there
        is one.

    Attributes:
        grid: (rows, columns) of patches of an image of `image_size`.

    Raises:
        ValueError: If a size is no positive integer, the patches do not fill
            the image, or `positions` is unknown.

    Example:
        >>> layer = PatchEmbedding((8, 8), 4, hidden_dim=6)
        >>> tuple(layer(ops.ones((2, 8, 8, 3))).shape)
        (2, 5, 6)
        >>> tuple(layer(ops.ones((2, 16, 12, 3))).shape)
        (2, 13, 6)

    References:
        Dosovitskiy et al., 2020, section 3.1, https://arxiv.org/abs/2010.11929
        Keys, 1981, the cubic, https://doi.org/10.1109/TASSP.1981.1163711
    """

    def __init__(
        self,
        image_size: Sequence[int],
        patch_size: int | Sequence[int] = 16,
        hidden_dim: int = 768,
        use_class_token: bool = True,
        positions: str = "learnt",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        check_width(hidden_dim=hidden_dim)
        check_one_of("positions", positions, POSITIONS)
        if not isinstance(patch_size, Sequence):
            check_width(patch_size=patch_size)
            patch_size = (patch_size, patch_size)
        check_widths(image_size=image_size, patch_size=patch_size)
        self.image_size = tuple(image_size)
        self.patch_size = tuple(patch_size)
        _check_sides("image_size", self.image_size, self.patch_size)
        self.hidden_dim = hidden_dim
        self.use_class_token = use_class_token
        # `positions` is the method that interpolates them.
        self.kind_of_positions = positions
        self.grid = self._patches(self.image_size)
        self.patch_embedding = keras.layers.Conv2D(
            hidden_dim,
            self.patch_size,
            strides=self.patch_size,
            # Keras's default counts a patch's pixels among the outputs too.
            kernel_initializer="lecun_normal",
            dtype=self.dtype_policy,
            name="patch_embedding",
        )

    def build(self, input_shape):
        self.patch_embedding.build(input_shape)
        first = int(self.use_class_token)
        small = keras.initializers.RandomNormal(stddev=0.02)
        if self.use_class_token:
            self.class_token = self.add_weight(
                shape=(1, 1, self.hidden_dim), initializer=small, name="class_token"
            )
        fixed = self.kind_of_positions == "sin_cos"
        self.position_embedding = self.add_weight(
            shape=(first + self.grid[0] * self.grid[1], self.hidden_dim),
            initializer=self._fixed_positions if fixed else small.clone(),
            trainable=not fixed,
            # Interpolated in float32, whatever the policy.
            autocast=False,
            name="position_embedding",
        )

    def call(self, images):
        x, grid = self.patches(images)
        x = self.after_class_token(x)
        return x + ops.cast(self.positions(grid), x.dtype)

    def patches(self, images):
        """Returns the tokens of patches without their positions, and their grid.

        Args:
            images: As the layer takes them.

        Returns:
            Tuple of a float tensor (batch, patches, hidden_dim), row by row, and
            (rows, columns), integers or integer tensors.
        """
        _check_sides("images", tuple(images.shape[1:3]), self.patch_size)
        x = self.patch_embedding(images)
        grid = tuple(
            known or size
            for known, size in zip(x.shape[1:3], ops.shape(x)[1:3], strict=True)
        )
        return ops.reshape(x, (-1, grid[0] * grid[1], self.hidden_dim)), grid

    def after_class_token(self, x):
        """Returns tokens behind the class token, if there is one, without positions.

        Args:
            x: Float tensor (batch, tokens, hidden_dim).
        """
        if not self.use_class_token:
            return x
        shape = (ops.shape(x)[0], 1, self.hidden_dim)
        token = ops.cast(self.class_token, x.dtype)
        return ops.concatenate([ops.broadcast_to(token, shape), x], axis=1)

    def positions(self, grid):
        """Returns the vectors of the positions in a grid of patches.

        Args:
            grid: (rows, columns), integers or integer tensors.

        Returns:
            Float32 tensor (tokens, hidden_dim), that of the class token first.
            Those of `self.grid` are the layer's weights themselves.
        """
        table = ops.convert_to_tensor(self.position_embedding)
        if tuple(map(_known, grid)) == self.grid:
            return table
        first = int(self.use_class_token)
        patches = ops.reshape(table[first:], (*self.grid, self.hidden_dim))
        rows, columns = (
            _cubic(size, source) for size, source in zip(grid, self.grid, strict=True)
        )
        patches = ops.einsum("hr,rcd->hcd", rows, patches)
        patches = ops.einsum("wc,hcd->hwd", columns, patches)
        patches = ops.reshape(patches, (-1, self.hidden_dim))
        return ops.concatenate([table[:first], patches], axis=0)

    def compute_output_shape(self, input_shape):
        rows, columns = self._patches(input_shape[1:3])
        tokens = None
        if rows is not None and columns is not None:
            tokens = int(self.use_class_token) + rows * columns
        return (input_shape[0], tokens, self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "image_size": self.image_size,
            "patch_size": self.patch_size,
            "hidden_dim": self.hidden_dim,
            "use_class_token": self.use_class_token,
            "positions": self.kind_of_positions,
        }

    def _fixed_positions(self, shape, dtype=None):
        table = sin_cos_positions(self.grid, self.hidden_dim)
        first = [(shape[0] - len(table), 0), (0, 0)]
        return ops.cast(ops.pad(table, first), dtype)

    def _patches(self, sides):
        return tuple(
            None if side is None else side // patch
            for side, patch in zip(sides, self.patch_size, strict=True)
        )


@keras.saving.register_keras_serializable(package="kerassl")
class FirstToken(keras.layers.Layer):
    """Takes the first token of each example, such as the class token.

    Args:
        name: Layer name.
        **kwargs: Of `keras.layers.Layer`.

    Input shape:
        (batch, tokens, dim)

    Output shape:
        (batch, dim)

    Example:
        >>> tuple(FirstToken()(ops.ones((2, 5, 3))).shape)
        (2, 3)
    """

    def call(self, tokens):
        return tokens[:, 0]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[2])


def _check_sides(name, sides, patch_size):
    """Raises unless patches fill an image, as far as its sides are known."""
    fits = len(sides) == len(patch_size) == 2 and not any(
        side is not None and side % patch
        for side, patch in zip(sides, patch_size, strict=True)
    )
    if not fits:
        raise InvalidValue(
            f"`{name}` must have a height and width that are multiples of those of a "
            f"patch, {patch_size}. Received: {sides}"
        )


def _known(size):
    return size if isinstance(size, int) else None


def _cubic(size, source):
    """Returns the matrix (size, source) that interpolates `source` evenly laid values.

    Keras's own resize differs between backends at the edges. Where both are equal,
    it is the identity, to the bit.
    """
    places = ops.cast(ops.arange(size), "float32") + 0.5
    places = places * (float(source) / ops.cast(size, "float32")) - 0.5
    nearest = ops.floor(places)
    matrix = 0.0
    for tap in (-1, 0, 1, 2):
        distance = ops.abs(places - (nearest + tap))
        # Beyond the edge the last value goes on.
        index = ops.cast(ops.clip(nearest + tap, 0, source - 1), "int32")
        matrix += _weight(distance)[:, None] * ops.one_hot(index, source)
    return matrix


def _weight(distance):
    a, x = CUBIC_SLOPE, distance
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return ops.where(x <= 1, near, ops.where(x < 2, far, 0.0))
