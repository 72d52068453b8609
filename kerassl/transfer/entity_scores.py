"""Precision, recall and F1 of entities."""

from kerassl.errors import MissingPackage


def check_nervaluate() -> None:
    """Raises a `MissingPackage` where entities cannot be scored."""
    try:
        import nervaluate  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            "Entities are scored by nervaluate. Install it: pip install 'kerassl[ner]'"
        ) from error


def entity_scores(true, predicted) -> dict[str, float]:
    """Returns how many entities are found with exactly their words and type.

    Args:
        true: List with a sequence of tags for each sentence, in the scheme BIO.
        predicted: The same, as many for each sentence; an `I-` that goes on with
            nothing begins an entity.

    Returns:
        Dict of "precision", "recall" and "f1", micro-averages from 0 to 1, and
        "accuracy", the share of right tags.

    Raises:
        MissingPackage: If nervaluate is not installed.

    Example:
        >>> tags = [["B-PER", "I-PER", "O", "B-LOC"]]
        >>> found = [["B-PER", "O", "O", "B-LOC"]]
        >>> entity_scores(tags, found)
        {'precision': 0.5, 'recall': 0.5, 'f1': 0.5, 'accuracy': 0.75}

    Reference:
        Tjong Kim Sang & De Meulder, 2003, https://aclanthology.org/W03-0419
    """
    check_nervaluate()
    from nervaluate.evaluator import Evaluator

    true, predicted = [list(tags) for tags in true], [list(tags) for tags in predicted]
    types = {tag[2:] for tags in (*true, *predicted) for tag in tags if tag != "O"}
    evaluator = Evaluator(true, predicted, tags=sorted(types), loader="list")
    strict = evaluator.evaluate()["overall"]["strict"]
    right = [
        a == b
        for tags, found in zip(true, predicted, strict=True)
        for a, b in zip(tags, found, strict=True)
    ]
    return {
        "precision": float(strict.precision),
        "recall": float(strict.recall),
        "f1": float(strict.f1),
        "accuracy": sum(right) / len(right),
    }
