"""The figures of a comparison, their table and their verdict."""

from dataclasses import dataclass

from kerassl.transfer import judging
from kerassl.transfer.curves import few_labels_figure
from kerassl.transfer.options import in_order, title
from kerassl.transfer.verdict import Verdict


@dataclass(frozen=True)
class Comparison:
    """The accuracies of an encoder and its controls.

    Attributes:
        rows: One dict for each encoder, method and number of labels:
            `encoder` ("pretrained", "random", "supervised", or the name of input
            features such as "raw pixels"), `kind` ("pretrained", "input", "random",
            "supervised"), `method`, `labels_per_class` (None for all),
            `accuracies` (one for each draw, fewer with all labels, from 0 to 1),
            their `mean` and sample `std` (0 with one draw), and `settings`, what each
            draw fixed or chose. Those of an input have `on`, how a sentence names it.
        protocol: Sizes of the sets, number of classes, draws, seeds, what was
            tried, and seconds.

    Example:
        >>> row = {"encoder": "random", "method": "knn", "labels_per_class": None}
        >>> row |= {"accuracies": [0.5], "mean": 0.5, "std": 0.0, "settings": [{}]}
        >>> sizes = {"test_examples": 4, "train_examples": 8, "classes": 2, "draws": 1}
        >>> print(Comparison([row], sizes).to_markdown().splitlines()[-1])
        | kNN | random | 50.0 ± 0.0 |
    """

    rows: list[dict]
    protocol: dict

    def to_dict(self) -> dict:
        """Returns rows and protocol as JSON's types; accuracies are 0 to 1."""
        return {
            "accuracy_unit": "fraction",
            "protocol": self.protocol,
            "rows": self.rows,
        }

    @classmethod
    def from_dict(cls, values: dict) -> "Comparison":
        """Returns the comparison that `to_dict` gave.

        The rows of 0.2.0 and before had no kind: it was the encoder's name.
        """
        rows = [{"kind": row["encoder"], **row} for row in values["rows"]]
        return cls(rows=rows, protocol=values["protocol"])

    def row(self, encoder: str, method: str, labels_per_class: int | None) -> dict:
        """Returns one row.

        Raises:
            KeyError: If it was not measured.
        """
        wanted = (encoder, method, labels_per_class)
        for row in self.rows:
            if (row["encoder"], row["method"], row["labels_per_class"]) == wanted:
                return row
        raise KeyError(f"No row for {wanted} was measured.")

    @property
    def verdict(self) -> Verdict | None:
        """Whether the encoder beats what there is without it, by a fixed rule.

        The method is the linear probe where it was measured, else the first that
        was. The budget is 10 labels a class, else the measured one nearest to 10 in
        ratio. It is compared with the best row of an input at that budget, by
        whatever features and method, in points of accuracy, over pairs of draws:
        both saw the same labels. Sentences on the labels saved and on fine-tuning
        follow the first. None where no input was measured.
        """
        return judging.judged(self)

    def labels_saved(self) -> float | None:
        """Returns how many labels a class an input needs to be as good.

        It is read off the line of the best input at each measured budget, between
        budgets straight in the logarithm of the labels. `inf` where the input is
        not as good with all labels; None where the verdict is not "better".
        """
        return judging.labels_saved(self)

    def to_markdown(self) -> str:
        """Returns the verdict and the table in Markdown, accuracies in percent."""
        header, *body = self._cells()
        lines = [header, ["---"] * 2 + ["---:"] * (len(header) - 2), *body]
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        found = self.verdict
        said = [found.sentence] if found else []
        return "\n\n".join([*said, self._caption(), table])

    def table(self):
        """Returns the table as a `rich.table.Table`, accuracies in percent."""
        from rich.table import Table

        header, *body = self._cells()
        table = Table(caption=self._caption(), caption_justify="left")
        for column, name in enumerate(header):
            table.add_column(
                name, justify="left" if column < 2 else "right", no_wrap=column < 2
            )
        for before, line in zip([None, *body], body, strict=False):
            if before is not None and before[0] != line[0]:
                table.add_section()
            table.add_row(*line)
        return table

    def figure(self):
        """Returns a `matplotlib.figure.Figure` of accuracy by labels a class."""
        return few_labels_figure(self.rows, self.protocol, judging.headline(self))

    def _cells(self):
        budgets = in_order(row["labels_per_class"] for row in self.rows)
        names = ["all labels" if b is None else f"{b} a class" for b in budgets]
        lines = [["method", "encoder", *names]]
        found = {
            (row["method"], row["encoder"], row["labels_per_class"]): row
            for row in self.rows
        }
        for method in in_order(row["method"] for row in self.rows):
            for encoder in in_order(row["encoder"] for row in self.rows):
                rows = [found.get((method, encoder, budget)) for budget in budgets]
                if any(rows):
                    cells = [_percent(row) for row in rows]
                    lines.append([title(method), encoder, *cells])
        return lines

    def _caption(self):
        facts = self.protocol
        supervised = any(row["encoder"] == "supervised" for row in self.rows)
        note = " The supervised encoder was made with all labels." if supervised else ""
        asked = [row["labels_per_class"] for row in self.rows]
        fewest = facts.get("fewest_labels")
        if fewest is not None and max((n or 0 for n in asked), default=0) > fewest:
            note += f" A class with fewer labels gives all; the smallest has {fewest}."
        of_all = facts.get("draws_of_all_labels", facts["draws"])
        if of_all != facts["draws"] and (None in asked or supervised):
            note = f" With all labels {of_all} draws.{note}"
        return (
            f"Accuracy in % on {facts['test_examples']:,} test examples of "
            f"{facts['classes']} classes, mean ± std over {facts['draws']} label "
            f"draws of {facts['train_examples']:,} labelled examples.{note}"
        )


def _percent(row):
    return f"{100 * row['mean']:.1f} ± {100 * row['std']:.1f}" if row else "–"
