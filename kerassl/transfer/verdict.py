"""Whether pretraining was worth it: one sentence with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from kerassl.errors import InvalidValue


@dataclass(frozen=True)
class Verdict:
    """How what was trained compares with what there was without it.

    Attributes:
        sentence: It in words, such as "With 10 labels a class the linear probe is
            4.1 ± 0.8 points better than on raw pixels."
        better: Whether the whole interval lies above 0. With a single draw there is
            no interval, and nothing is called better.
        against: What it was compared with.
        difference: Mean over the draws of how much better it is, in `unit`;
            below 0 where it is worse.
        half_width: Half of the 95 % interval of that mean; None with one draw.
        unit: Such as "points".
        what: The subject of the sentence.
        figures: What was measured, by "input", "random", "pretrained" and
            "supervised", as far as there is such a control.
        lower_is_better: Whether the smaller of these figures is the better one.
    """

    sentence: str
    better: bool
    against: str
    difference: float
    half_width: float | None
    unit: str
    what: str
    figures: dict[str, float] = field(default_factory=dict)
    lower_is_better: bool = False

    def to_dict(self) -> dict:
        """Returns all of it in JSON's types."""
        return asdict(self)


def verdict(
    differences: Sequence[float],
    *,
    what: str,
    against: str,
    unit: str = "points",
    digits: int = 1,
    figures: Mapping[str, float] | None = None,
    lower_is_better: bool = False,
) -> Verdict:
    """Returns the verdict over paired draws.

    The interval is that of Student's t for the mean of the differences, since both
    sides of a pair saw the same labels.

    Args:
        differences: How much better it was in each draw, in `unit`, above 0 where it
            is better: one or more finite numbers.
        what: The subject of the sentence, such as "With 10 labels a class the linear
            probe".
        against: What follows "better than", such as "on raw pixels".
        unit: The unit of the differences, in the plural.
        digits: Decimals that are shown.
        figures: What was measured, for whoever puts several verdicts into a table.
        lower_is_better: As in `Verdict`.

    Returns:
        A `Verdict`.

    Raises:
        ValueError: If there is no difference, or one is not finite.

    Example:
        >>> verdict([4.0, 4.2, 4.1], what="The probe", against="on raw pixels").sentence
        'The probe is 4.1 ± 0.2 points better than on raw pixels.'
        >>> verdict([-1.0, 1.0], what="The probe", against="on raw pixels").sentence
        'The probe is not better than on raw pixels: 0.0 ± 12.7 points.'
    """
    mean, half_width = paired_interval(differences)
    return verdict_of(
        mean,
        half_width,
        what=what,
        against=against,
        unit=unit,
        digits=digits,
        figures=figures,
        lower_is_better=lower_is_better,
    )


def verdict_of(
    mean: float,
    half_width: float | None,
    *,
    what: str,
    against: str,
    unit: str = "points",
    digits: int = 1,
    figures: Mapping[str, float] | None = None,
    lower_is_better: bool = False,
) -> Verdict:
    """Returns the verdict of a difference whose interval is known.

    Args:
        mean: How much better it was, in `unit`.
        half_width: Half of the 95 % interval of that mean, None where there is none.
        what: As in `verdict`, as are the others.

    Example:
        >>> verdict_of(2.0, 0.5, what="The probe", against="on raw pixels").sentence
        'The probe is 2.0 ± 0.5 points better than on raw pixels.'
    """
    spread = "" if half_width is None else f" ± {half_width:.{digits}f}"
    if half_width is None or abs(mean) <= half_width:
        note = " in a single draw" if half_width is None else ""
        shown = f"{mean:.{digits}f}{spread} {unit}{note}"
        sentence = f"{what} is not better than {against}: {shown}."
        if half_width is None and mean > 0:
            sentence = f"{what} is better than {against} by {shown}, without interval."
    else:
        word = "better" if mean > 0 else "worse"
        shown = f"{abs(mean):.{digits}f}{spread} {unit}"
        sentence = f"{what} is {shown} {word} than {against}."
    better = half_width is not None and mean > half_width
    found = {name: float(value) for name, value in (figures or {}).items()}
    told = (sentence, better, against, mean, half_width, unit, what, found)
    return Verdict(*told, lower_is_better)


def paired_interval(differences: Sequence[float]) -> tuple[float, float | None]:
    """Returns (mean, half of its 95 % interval), the latter None for one value.

    Args:
        differences: As in `verdict`.

    Example:
        >>> paired_interval([1.0])
        (1.0, None)
    """
    values = np.asarray(differences, dtype="float64")
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InvalidValue(
            "`differences` must be one finite number or more. "
            f"Received: {differences!r}"
        )
    if len(values) == 1:
        return float(values[0]), None
    from scipy import stats

    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(stats.t.ppf(0.975, len(values) - 1) * error)
