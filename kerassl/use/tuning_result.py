"""What a search for values found, as a table and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerassl import files
from kerassl.transfer.measurements import PERCENT, Gain
from kerassl.use.several import RunGroup
from kerassl.use.tuning_trials import told


@dataclass(frozen=True)
class Tuned:
    """What was tried, what was chosen, and what that is worth.

    Attributes:
        rows: One dict for each combination that was tried: `values` ({dotted key:
            value}), `figures` (one for each seed), their `mean` and `std` (ddof 1;
            over the label draws where there is one seed), and `diverged`.
        best: The values that were chosen.
        by: What they were chosen by, in words.
        unit: The unit of the figures.
        lower_is_better: Whether a smaller figure is the better one.
        ahead: By how much the chosen values are better than the next, a
            `Gain`; None where no others came to their end.
        group: The `RunGroup` of the runs with these values on all training data,
            measured on the test data.
        folder: Where all of it lies.
    """

    rows: list[dict]
    best: dict[str, Any]
    by: str
    unit: str
    lower_is_better: bool
    ahead: Gain | None
    group: RunGroup
    folder: Path

    @property
    def files(self) -> list[Path]:
        """The page, the table and the picture of it."""
        return [self.folder / f"tuned{ending}" for ending in (".md", ".json", ".png")]

    @property
    def failed(self) -> dict:
        """Those of the group: a trial that diverged is one of the values tried."""
        return self.group.failed

    def to_dict(self) -> dict:
        """Returns what was tried and chosen in JSON's types."""
        return {
            "rows": self.rows,
            "best": self.best,
            "by": self.by,
            "unit": self.unit,
            "lower_is_better": self.lower_is_better,
            "runs": [str(run.path) for run in self.group.runs],
        }

    def to_markdown(self, width: int | None = None) -> str:
        """Returns the choice, all that was tried, and the figures on the test data.

        Args:
            width: As in `RunComparison.to_markdown`.
        """
        lines = ["| values | validation |", "| --- | ---: |"]
        for row in self.rows:
            chosen = " (chosen)" if row["values"] == self.best else ""
            lines.append(f"| {told(row['values'])}{chosen} | {self._shown(row)} |")
        parts = [self._sentence(), "\n".join(lines), "On the test data:"]
        return "\n\n".join([*parts, self.group.to_markdown(width)])

    def figure(self) -> Any:
        """Returns what was tried as a `matplotlib.figure.Figure`."""
        from matplotlib.figure import Figure

        rows = [row for row in self.rows if not row["diverged"]]
        size = (7, 1.4 + 0.4 * len(rows))
        axis = (figure := Figure(figsize=size, layout="constrained")).subplots()
        for place, row in enumerate(rows):
            color = "C1" if row["values"] == self.best else "C0"
            spread = {"xerr": row["std"], "capsize": 3}
            axis.errorbar(row["mean"], place, fmt="o", color=color, **spread)
        axis.set_yticks(range(len(rows)), [told(row["values"]) for row in rows])
        axis.set_ylim(len(rows) - 0.5, -0.5)
        axis.set_xlabel(f"{self.by} ({self.unit})" if self.unit else self.by)
        axis.grid(alpha=0.3)
        return figure

    def write(self) -> None:
        """Writes `files`."""
        page, table, picture = self.files
        files.write_text(page, self.to_markdown() + "\n")
        files.write_json(table, self.to_dict())
        with files.atomic(picture) as unfinished:
            self.figure().savefig(unfinished, dpi=150, bbox_inches="tight")

    def _sentence(self):
        better = f"Of {len(self.rows)} tried, {told(self.best)} is the best"
        if self.ahead is not None:
            mean, half_width = self.ahead.mean, self.ahead.half_width
            better += f", {self._number(mean)}"
            if half_width is not None:
                better += f" ± {self._number(half_width)}"
            better += " ahead of the next"
            if half_width is None or abs(mean) <= half_width:
                better += ", which is not sure"
        return (
            f"{better}: {self.by}. The best of several flatters itself: what it is "
            "worth is told by the test data, which chose nothing."
        )

    def _shown(self, row):
        if row["diverged"]:
            return "diverged"
        return f"{self._number(row['mean'])} ± {self._number(row['std'])}"

    def _number(self, value):
        return f"{value:.1f}" if self.unit == PERCENT else f"{value:.4g}"
