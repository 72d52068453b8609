"""The entity scores of an encoder and its controls, as a table and as curves."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from kerassl.transfer.token_judging import judged
from kerassl.transfer.verdict import Verdict

TITLES = {
    "linear_probe": "linear probe",
    "fine_tune": "fine-tuning",
    "majority": "most frequent tag",
    "lexicon": "most frequent tag of the word",
    "window": "linear probe on word and neighbours",
}


@dataclass(frozen=True)
class TokenComparison:
    """The entity scores of an encoder and its controls.

    Attributes:
        rows: One dict for each encoder, method and number of labelled sentences:
            `encoder` ("pretrained", "random", "supervised", "input"), `method`,
            `sentences` (None for all), `f1s` (one for each draw, from 0 to 1), their
            mean `f1` and sample `std`, the means of `precision`, `recall` and
            `accuracy` (of tags), and `settings` of each draw.
        protocol: Sizes of the sets, tags, draws, seeds, options and seconds.
    """

    rows: list[dict]
    protocol: dict

    @classmethod
    def of(cls, found: dict, protocol: dict) -> "TokenComparison":
        """Returns the comparison of what was found.

        Args:
            found: {(encoder, method, sentences): list of (scores, settings)}.
            protocol: As the attribute.
        """
        return cls([_row(key, draws) for key, draws in found.items()], protocol)

    @property
    def verdict(self) -> Verdict | None:
        """Whether the encoder's tokens beat the words themselves, by a fixed rule.

        Of the numbers of sentences that which is nearest to 100 in ratio is taken. The
        linear probe, or fine-tuning where that alone was measured, is compared with
        the best row of the input, in points of F1, over pairs of draws: both saw the
        same sentences. A sentence on fine-tuning follows. None where no input was
        measured.
        """
        return judged(self.rows, self.protocol["train_sentences"])

    def to_dict(self) -> dict:
        """Returns rows, protocol and verdict as JSON's types; scores are 0 to 1."""
        found = self.verdict
        return {
            "score_unit": "fraction",
            "protocol": self.protocol,
            "rows": self.rows,
            "verdict": found and found.to_dict(),
        }

    def row(self, encoder: str, method: str, sentences: int | None) -> dict:
        """Returns one row.

        Raises:
            KeyError: If it was not measured.
        """
        wanted = (encoder, method, sentences)
        for row in self.rows:
            if (row["encoder"], row["method"], row["sentences"]) == wanted:
                return row
        raise KeyError(f"No row for {wanted} was measured.")

    def to_markdown(self) -> str:
        """Returns the verdict, and the table in Markdown, in percent."""
        budgets = list(dict.fromkeys(row["sentences"] for row in self.rows))
        budgets.sort(key=lambda count: (count is None, count))
        names = ["all" if b is None else f"{b:,} sentences" for b in budgets]
        lines = [["method", "encoder", *names], ["---"] * 2 + ["---:"] * len(names)]
        found = {(r["method"], r["encoder"], r["sentences"]): r for r in self.rows}
        for method, encoder in dict.fromkeys(key[:2] for key in found):
            cells = [_cell(found.get((method, encoder, b))) for b in budgets]
            lines.append([TITLES[method], encoder, *cells])
        table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
        found = self.verdict
        said = [found.sentence] if found else []
        return "\n\n".join([*said, self._caption(), table])

    def figures(self) -> dict[str, Any]:
        """Returns F1 by the number of labelled sentences."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 4), layout="constrained")
        axis = figure.subplots()
        everything = self.protocol["train_sentences"]
        for method, encoder in dict.fromkeys(
            (row["method"], row["encoder"]) for row in self.rows
        ):
            rows = [
                row
                for row in self.rows
                if (row["method"], row["encoder"]) == (method, encoder)
            ]
            axis.errorbar(
                [row["sentences"] or everything for row in rows],
                [100 * row["f1"] for row in rows],
                yerr=[100 * row["std"] for row in rows],
                fmt="o-" if encoder == "pretrained" else "s--",
                capsize=3,
                label=f"{TITLES[method]}, {encoder}",
            )
        axis.set_xscale("log")
        axis.set_xlabel("labelled sentences")
        axis.set_ylabel("entity F1 (%), higher is better")
        axis.grid(alpha=0.3)
        figure.legend(loc="outside right upper", frameon=False, fontsize="small")
        figure.suptitle("Entities found, by labelled sentences", fontsize="medium")
        return {"token_classification": figure}

    def _caption(self):
        facts = self.protocol
        cut = facts["test_words_without_place"]
        note = f" {cut:,} of them had no place in a row of tokens." if cut else ""
        return (
            f"Entity F1 (precision / recall) in %, mean ± std over {facts['draws']} "
            f"draws of {facts['train_sentences']:,} labelled sentences: entities of "
            f"{len(facts['types'])} types found with exactly their words and type, "
            f"{facts['test_entities']:,} in {facts['test_sentences']:,} test sentences "
            f"of {facts['test_words']:,} words.{note}"
        )


def _row(key, found):
    encoder, method, budget = key
    scores = [score for score, _ in found]
    f1s = [score["f1"] for score in scores]
    means = {
        name: float(np.mean([score[name] for score in scores]))
        for name in ("f1", "precision", "recall", "accuracy")
    }
    return {
        "encoder": encoder,
        "method": method,
        "sentences": budget,
        "f1s": f1s,
        **means,
        "std": float(np.std(f1s, ddof=1)) if len(f1s) > 1 else 0.0,
        "settings": [settings for _, settings in found],
    }


def _cell(row):
    if row is None:
        return "–"
    mean, std, precision, recall = (
        100 * row[name] for name in ("f1", "std", "precision", "recall")
    )
    return f"{mean:.1f} ± {std:.1f} ({precision:.0f} / {recall:.0f})"
