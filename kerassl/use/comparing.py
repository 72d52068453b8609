"""Runs beside each other: one table, one picture, one sentence."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerassl import callbacks, files
from kerassl.checks import user_path
from kerassl.errors import InvalidValue
from kerassl.runs import HISTORY
from kerassl.transfer.verdict import Verdict, verdict_of
from kerassl.use.comparing_rows import (
    between,
    differences,
    headline,
    lines,
    over_input,
)
from kerassl.use.comparing_runs import Subject, opened, subjects

_COLUMNS = ("kind", "encoder", "measure", "method", "labels", "unit", "mean", "std")


@dataclass(frozen=True)
class RunComparison:
    """What runs reached on the same data, and how sure their differences are.

    Attributes:
        rows: One dict for each subject or control, measure, method and number of
            labels: `encoder`, `kind` ("pretrained", "input", "random",
            "supervised"), `measure`, `method`, `labels` (None for all), `unit`,
            `seeds`, `figures` (one for each seed), their `mean` and `std` (ddof 1),
            and `std_over`: "seeds", or "label draws" where there is one seed.
        differences: How much better the best subject (`encoder`) is than each other
            (`against`) in each column: `mean` and `half_width` of its 95 % interval
            (None where there is none) in `unit`, whether `paired`, in how many
            `pairs`, `over` "seeds" or "label draws".
        verdict: The first of them in a sentence, a `kerassl.transfer.Verdict`; beside
            the best input where there is one subject. None where there is neither.
        notes: Lines on what was not compared, and why.
        runs: {label of a subject: its runs' folders}.
        losses: {label: one list of [step, loss] for each seed}, where all subjects
            have one task and their losses can be compared; else empty.
        caption: What was measured, and what stands after each ±.
    """

    rows: list[dict]
    differences: list[dict]
    verdict: Verdict | None
    notes: list[str] = field(default_factory=list)
    runs: dict[str, list[str]] = field(default_factory=dict)
    losses: dict[str, list] = field(default_factory=dict)
    caption: str = ""

    def to_dict(self) -> dict:
        """Returns all of it in JSON's types."""
        return dataclasses.asdict(self)

    def to_markdown(self, width: int | None = None) -> str:
        """Returns the verdict, the figures and their differences in Markdown.

        Args:
            width: Characters of a line that tables fit in; what is wider goes into
                another table below. None for tables of any width.
        """
        from kerassl.use.comparing_table import markdown

        return markdown(self, width)

    def figure(self) -> Any:
        """Returns figures, differences and losses as a `matplotlib.figure.Figure`."""
        from kerassl.use.comparing_picture import comparison_figure

        return comparison_figure(self)

    def save(self, path: Any) -> None:
        """Writes it as `.md`, `.json`, `.csv` (of rows), or as a picture.

        Raises:
            ValueError: If the name ends otherwise, or its folder is not there.
        """
        path = check_target(path)
        if path.suffix == ".md":
            files.write_text(path, self.to_markdown() + "\n")
        elif path.suffix == ".json":
            files.write_json(path, self.to_dict())
        elif path.suffix == ".csv":
            self._save_csv(path)
        else:
            with files.atomic(path) as unfinished:
                self.figure().savefig(unfinished, dpi=150, bbox_inches="tight")

    def _save_csv(self, path):
        with (
            files.atomic(path) as unfinished,
            open(unfinished, "w", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow([*_COLUMNS, "std_over", "seeds", "figures"])
            for row in self.rows:
                many = (" ".join(map(str, row[key])) for key in ("seeds", "figures"))
                writer.writerow([*(row[k] for k in (*_COLUMNS, "std_over")), *many])


def compare(runs: Iterable[Any]) -> RunComparison:
    """Compares runs on all that they were measured by.

    Runs of one configuration are one subject with its seeds. Only runs of the same
    data are compared, and only by measures that were made the same way; what is left
    out is told in `notes`. Where subjects share seeds, they saw the same labels in
    each draw, and their differences are paired.

    Args:
        runs: Runs' folders, presets' names for the runs in "runs/NAME", or
            `kerassl.Run`.

    Returns:
        A `RunComparison`.

    Raises:
        TypeError: If `runs` is no list.
        ValueError: If none can be compared, or one is named twice.
        FileNotFoundError: If there is no such run.

    Example:
        >>> found = compare(["runs/a", "runs/b"])  # doctest: +SKIP
        >>> found.save("compare.png")  # doctest: +SKIP
    """
    found, left_out = subjects(opened(runs))
    if not found:
        raise InvalidValue(f"`runs` hold nothing to compare. {' '.join(left_out)}")
    table, notes = lines(found)
    if not table:
        said = " ".join(notes) or "No measure with figures was made in two of them."
        raise InvalidValue(f"`runs` share no measure. {said}")
    judged = headline(table)
    return RunComparison(
        rows=[line.to_row() for line in table],
        differences=differences(table, judged[0].label),
        verdict=_verdict(judged, found),
        notes=[*left_out, *notes],
        runs={each.label: [str(r.path) for r in each.runs.values()] for each in found},
        losses=_losses(found),
        caption=_caption(table, found),
    )


def check_target(path: Any) -> Path:
    """Returns where a comparison is written, checked before long work is done for it.

    Raises:
        ValueError: If the name's ending is unknown.
        NotADirectoryError: If its folder is not there.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    path = user_path(path, "out")
    pictures = {f".{kind}" for kind in FigureCanvasBase.get_supported_filetypes()}
    if path.suffix not in {".md", ".json", ".csv"} | pictures:
        raise InvalidValue(
            "`out` must end in .md, .json, .csv, or as a picture such as .png. "
            f"Received: {str(path)!r}"
        )
    if not path.parent.is_dir():
        raise NotADirectoryError(f"`out`: {str(path.parent)!r} is not a folder.")
    return path


def _verdict(judged, found) -> Verdict | None:
    """Returns how the best is beside the second, and beside the best input."""
    best, *others = judged
    own = next(each for each in found if each.label == best.label)
    against = over_input(best, own)
    said = [_told(best, other.label, between(best, other)) for other in others[:1]]
    said += [_told(best, *against)] if against else []
    if not said:
        return None
    sentence = " ".join(each.sentence for each in said)
    return dataclasses.replace(said[0], sentence=sentence)


def _told(best, against, better) -> Verdict:
    column = best.column
    told = verdict_of(
        better.mean,
        better.half_width,
        what=f"{column.condition}{best.label}",
        against=f"{against} {column.by}",
        unit=column.points,
        digits=column.digits,
        lower_is_better=column.lower_is_better,
    )
    sentence = told.sentence
    if better.half_width is not None and abs(better.mean) <= better.half_width:
        shown = (
            f"{better.mean:.{column.digits}f} ± {better.half_width:.{column.digits}f}"
        )
        sentence = (
            f"{column.condition}{best.label} shows no difference to {against} outside "
            f"the spread {column.by}: {shown} {column.points}."
        )
    if not better.pairs:
        sentence = f"{sentence[:-1]} (not paired: they share no seed)."
    return dataclasses.replace(told, sentence=sentence)


def _losses(found: list[Subject]) -> dict[str, list]:
    """Returns the losses of subjects that share task, pretext layer and batch."""
    tasks = [
        {k: s.config.get(k) for k in ("model", "pretext", "tokenizer")}
        | {"batch_size": s.config["recipe"].get("batch_size")}
        for s in found
    ]
    if any(task != tasks[0] for task in tasks):
        return {}
    return {each.label: [_curve(run) for run in each.runs.values()] for each in found}


def _curve(run):
    rows = callbacks.read_log(run.path / HISTORY)
    return [[row["step"], row["loss"]] for row in rows]


def _caption(table, found):
    all_of = (each for subject in found for each in subject.found.values())
    facts = next((each[0].protocol for each in all_of if each), {})
    said = []
    count = facts.get("test_examples", facts.get("test_sentences"))
    if count is not None and table[0].column.told:
        what = table[0].column.told[2]
        classes = f" of {facts['classes']} classes" if "classes" in facts else ""
        said.append(
            f"{what[0].upper()}{what[1:]} in % on {count:,} test examples{classes}."
        )
    over = {line.to_row()["std_over"] for line in table if line.kind == "pretrained"}
    said.append(f"Mean ± std over {' or '.join(sorted(over, reverse=True))}.")
    if "label draws" in over:
        said.append("Of one seed nobody knows how much another would change.")
    return " ".join(said)
