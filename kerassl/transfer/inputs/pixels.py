"""Images as they are: their pixels, and the main axes of these."""

import math

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.transfer.inputs.features import InputFeatures
from kerassl.transfer.inputs.streaming import arrays_of

# Larger images are reduced to so many pixels a side.
LARGEST_SIDE = 32
# What the pixels of all images may take; where they would take more, the images are
# made smaller still.
MOST_BYTES = 1 << 31
# Axes of PCA, at most, and images that they are fitted to, at most.
AXES, FITTED_IMAGES = 64, 20_000


def pixels(train, test, *, seed: int = 0) -> list[InputFeatures]:
    """Returns the pixels of images, and their projections on the axes of PCA.

    Pixels are in [0, 1]: integers are divided by the largest number of their type,
    floats stay as they are. Images of more than 32 pixels a side are reduced to 32
    by averaging areas, so that large ones are never in memory together; fewer pixels
    where all would take more than 2 GiB. Images of different sizes, a ragged tensor,
    are all brought to 32x32. The name says so.

    PCA has 64 axes, fewer where there are fewer pixels or training images. They are
    fitted, by randomised SVD, to the training images, at most 20,000 of them drawn
    with the seed. Their number was fixed beforehand. Projections keep their relative
    sizes, in units of the pixels' root mean variance: a linear probe that standardised
    them would make as much of the last axis as of the first.

    Args:
        train: `kerassl.data.Source` of images (height, width, channels) or
            (height, width).
        test: The same.
        seed: Integer, seeds PCA.

    Returns:
        List of two `InputFeatures`; the second is left out where all training images
        are the same.

    Raises:
        ValueError: If images have different numbers of channels, or are no images.

    Example:
        >>> from kerassl.data import ArraySource
        >>> images = ArraySource(np.full((3, 64, 48, 1), 255, "uint8"))
        >>> found, = pixels(images, images)
        >>> found.name, found.train.shape, float(found.train.min())
        ('raw pixels at 32x32', (3, 1024), 1.0)

    Reference:
        Halko et al., 2011, Finding Structure with Randomness,
        https://arxiv.org/abs/0909.4061
    """
    height, width, channels, reduced = _size(train, len(train) + len(test))
    x, x_test = (
        _matrix(source, name, (height, width, channels))
        for name, source in (("train", train), ("test", test))
    )
    at = f" at {height}x{width}" if reduced else ""
    found = [InputFeatures(f"raw pixels{at}", x, x_test)]
    axes = _principal_axes(x, seed)
    if axes is not None:
        name = f"PCA of the pixels{at}"
        found.append(InputFeatures(name, axes(x), axes(x_test), standardise=False))
    return found


def area_averaged(images, height: int, width: int):
    """Returns images whose pixels are means over areas of those given.

    A pixel that lies in two areas counts in each by its share. Where there are more
    pixels than before, they are repeated.

    Args:
        images: Float32 array (batch, height, width, channels).
        height: Rows of the result.
        width: Columns of the result.

    Example:
        >>> area_averaged(np.arange(4.0).reshape(1, 1, 4, 1), 1, 2).ravel().tolist()
        [0.5, 2.5]
    """
    rows = _areas(images.shape[1], height)
    columns = _areas(images.shape[2], width)
    return np.einsum("bhwc,yh,xw->byxc", images, rows, columns, optimize=True)


def _areas(before, after):
    """Returns the share of each old pixel in each new one, (after, before)."""
    edges = np.arange(after + 1) * (before / after)
    starts, ends = edges[:-1, None], edges[1:, None]
    old = np.arange(before)
    overlap = np.minimum(ends, old + 1) - np.maximum(starts, old)
    return (np.clip(overlap, 0, None) * (after / before)).astype("float32")


def _size(source, count):
    """Returns (height, width, channels) of the features, and whether it is reduced."""
    first = source.fetch(np.array([0]))
    differ = any(size is None for size in first.shape)
    image = _images(next(arrays_of(source)), "train")[0]
    height, width, channels = image.shape
    most = math.isqrt(MOST_BYTES // (4 * channels * count))
    side = max(1, min(LARGEST_SIDE, most))
    if differ:
        return side, side, channels, True
    kept = min(side, height), min(side, width)
    return *kept, channels, kept != (height, width)


def _matrix(source, name, size):
    """Returns the pixels of all images, float32 (images, pixels)."""
    made = np.empty((len(source), math.prod(size)), "float32")
    start = 0
    for batch in arrays_of(source):
        images = _images(batch, name)
        if images.shape[3] != size[2]:
            raise InvalidValue(
                f"`{name}` must hold images of {size[2]} channels, as the first "
                f"training image has. Received: {images.shape[3]}"
            )
        if images.shape[1:3] != size[:2]:
            images = area_averaged(images, *size[:2])
        made[start : start + len(images)] = images.reshape(len(images), -1)
        start += len(images)
    return made


def _images(batch, name):
    """Returns float32 images (batch, height, width, channels)."""
    if not hasattr(batch, "shape") or batch.ndim not in (3, 4):
        shape = getattr(batch, "shape", None)
        raise InvalidValue(
            f"`{name}` must hold images (height, width, channels). Received a batch "
            + (f"of shape: {shape}" if shape else f"that is a {type(batch).__name__}")
        )
    images = batch[..., None] if batch.ndim == 3 else batch
    whole = np.iinfo(images.dtype).max if images.dtype.kind in "iu" else 1
    return images.astype("float32") / np.float32(whole)


def _principal_axes(x, seed):
    """Returns a function to projections, or None where all rows are the same."""
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(seed)
    some = x
    if len(x) > FITTED_IMAGES:
        some = x[np.sort(rng.permutation(len(x))[:FITTED_IMAGES])]
    if not np.ptp(some, axis=0).any():
        return None
    axes = min(AXES, *some.shape)
    fitted = PCA(axes, svd_solver="randomized", random_state=seed).fit(some)
    scale = np.sqrt(some.var(axis=0).mean())
    return lambda images: (fitted.transform(images) / scale).astype("float32")
