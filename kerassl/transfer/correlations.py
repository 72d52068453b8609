"""Rank correlations with people's scores, of an encoder and of its controls."""

from dataclasses import dataclass

import numpy as np

from kerassl.errors import InvalidValue
from kerassl.transfer.measure import Result
from kerassl.transfer.similarity import rank_correlation
from kerassl.transfer.verdict import Verdict, verdict

# Equal parts of the pairs, over which a verdict has its interval.
PARTS = 10
# Of a part, so that ranks mean something.
LEAST_OF_PART = 3


@dataclass(frozen=True)
class Correlations(Result):
    """Rank correlations of an encoder and its controls, with a verdict.

    Attributes:
        rows: One for each encoder: `"spearman"` in [-1, 1], and `"std"` over random
            draws (ddof 1), 0 where there is one figure only.
        caption: A sentence on what was measured.
        differences: How many points of correlation the encoder is above `against` in
            each part of the pairs.
        against: The control that the verdict is about.

    Example:
        >>> rows = [row_of("pretrained", 0.7), row_of("TF-IDF", 0.6)]
        >>> found = Correlations(rows, "Of 30 pairs.", (9.0, 11.0), "TF-IDF")
        >>> found.verdict.difference
        10.0
    """

    differences: tuple[float, ...] = ()
    against: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the encoder is better, over the parts of the pairs."""
        names = {"input": self.against, "pretrained": "pretrained", "random": "random"}
        found = {row["encoder"]: 100 * row["spearman"] for row in self.rows}
        return verdict(
            self.differences,
            what="The cosine's rank correlation with people's scores",
            against=f"with {self.against}",
            figures={k: found[name] for k, name in names.items() if name in found},
        )

    def to_dict(self) -> dict:
        return {**super().to_dict(), "verdict": self.verdict.to_dict()}

    def to_markdown(self) -> str:
        return f"{self.verdict.sentence}\n\n{super().to_markdown()}"


def row_of(encoder: str, spearman: float, std: float = 0.0) -> dict:
    """Returns a row of `Correlations`."""
    return {"encoder": encoder, "spearman": spearman, "std": std}


def random_row(correlations) -> dict:
    """Returns the row of random weights, from the correlations of some draws.

    Example:
        >>> random_row([0.1, 0.3])["spearman"]
        0.2
    """
    spread = np.std(correlations, ddof=1) if len(correlations) > 1 else 0.0
    return row_of("random", float(np.mean(correlations)), float(spread))


def part_differences(first, second, scores, seed: int) -> tuple[float, ...]:
    """Returns how many points the first similarities correlate better than the second.

    Args:
        first: Float array (pairs,) of similarities.
        second: The same of the control.
        scores: People's scores of the pairs.
        seed: Draws which pairs of like scores make a part.

    Returns:
        Ten differences, one for each part of the pairs, in hundredths of Spearman's
        correlation.

    Raises:
        ValueError: If there are fewer than 30 pairs.

    Example:
        >>> right = np.arange(30)
        >>> part_differences(right, -right, right, seed=0)[:2]
        (200.0, 200.0)
    """
    if len(scores) < PARTS * LEAST_OF_PART:
        raise InvalidValue(
            f"`pairs` must hold at least {PARTS * LEAST_OF_PART} pairs that are "
            f"known. Received: {len(scores)}"
        )
    # Dealt out in the order of their scores, so that each part holds all kinds.
    order = np.lexsort([np.random.default_rng(seed).random(len(scores)), scores])
    return tuple(
        100 * (_ranked(first[part], scores[part]) - _ranked(second[part], scores[part]))
        for part in (order[start::PARTS] for start in range(PARTS))
    )


def _ranked(similarities, scores):
    """Returns the correlation in a part, 0 where nothing is ranked in it."""
    if np.ptp(similarities) == 0 or np.ptp(scores) == 0:
        return 0.0
    return rank_correlation(similarities, scores)
