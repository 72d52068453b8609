"""The measures that a task may name in `default_measures`."""

from kerassl.errors import InvalidValue
from kerassl.transfer.classification import Classification
from kerassl.transfer.hidden_tokens import HiddenTokens
from kerassl.transfer.language_modelling import Perplexity
from kerassl.transfer.measure import Measure
from kerassl.transfer.pretext_loss import PretextLoss
from kerassl.transfer.reconstruction import Reconstruction
from kerassl.transfer.token_classification import TokenClassification
from kerassl.transfer.view_retrieval import ViewRetrieval

MEASURES: dict[str, type[Measure]] = {
    cls.name: cls
    for cls in (
        Classification,
        HiddenTokens,
        Perplexity,
        PretextLoss,
        Reconstruction,
        TokenClassification,
        ViewRetrieval,
    )
}


def measure_by_name(name: str) -> type[Measure]:
    """Returns the class of a measure.

    Args:
        name: Such as "classification".

    Raises:
        ValueError: If no measure has this name.

    Example:
        >>> measure_by_name("classification").needs
        'classes'
    """
    if name not in MEASURES:
        raise InvalidValue(
            f"`default_measures` must name some of {', '.join(sorted(MEASURES))}, or "
            f"hold measures of your own. Received: {name!r}"
        )
    return MEASURES[name]
