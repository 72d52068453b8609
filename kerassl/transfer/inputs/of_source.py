"""The features of the input that suit what a source holds."""

from importlib import import_module

from kerassl.errors import InvalidValue
from kerassl.modalities import MODALITIES, modality_of
from kerassl.transfer.inputs.features import InputFeatures


def inputs_of(train, test, *, seed: int = 0) -> list[InputFeatures]:
    """Returns all ways to classify examples as they are, without any encoder.

    What suits a kind of data stands in `kerassl.modalities.MODALITIES`, as `inputs`;
    a kind of your own names functions of yours there. The examples are read once, in
    batches, and what is fitted is fitted to those of `train`, without their labels.

    Args:
        train: `kerassl.data.Source` of the examples that labels are drawn from.
        test: `Source` of those to test on.
        seed: Integer from which all randomness comes.

    Returns:
        List of `InputFeatures`; empty where nothing is known of such examples.

    Raises:
        ValueError: If a source can only be read in its own order, or the two hold
            different kinds of examples.

    Example:
        >>> from kerassl.data import digits
        >>> found = inputs_of(digits("train"), digits("test"))
        >>> [(each.name, each.test.shape) for each in found]
        [('raw pixels', (500, 64)), ('PCA of the pixels', (500, 64))]
    """
    for name, source in ("train", train), ("test", test):
        if source.sequential:
            raise InvalidValue(
                f"`{name}` must be readable at any position. Received: a "
                f"{type(source).__name__}, which is read in its own order"
            )
    kind, other = modality_of(train), modality_of(test)
    if kind != other:
        raise InvalidValue(
            f"`test` must hold the kind of examples that `train` does, {kind}. "
            f"Received: {other}"
        )
    makers = MODALITIES[kind].inputs if kind in MODALITIES else ()
    return [
        found for make in makers for found in _resolved(make)(train, test, seed=seed)
    ]


def _resolved(maker):
    """Returns a function, by its dotted name where it is given so."""
    if callable(maker):
        return maker
    module, _, name = maker.rpartition(".")
    return getattr(import_module(module), name)
