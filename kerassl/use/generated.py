"""What a model has made: shown, and kept in files."""

import abc
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerassl import files
from kerassl.checks import user_path
from kerassl.errors import InvalidValue
from kerassl.modalities import MODALITIES

# Examples that one picture shows; more are too small to see, and slow to draw.
MOST_ON_A_SHEET = 240
BETWEEN_TEXTS = "\n---\n"


class Generated(abc.ABC):
    """What `kerassl.generate` gives: `GeneratedTexts` or `GeneratedExamples`.

    `str` of it is plain text, `to_markdown` a table, `save` writes a file.
    """

    suffixes: tuple[str, ...] = ()

    @property
    def default_out(self) -> str | None:
        """The file to save to if nobody says; None for what a screen shows."""
        return None

    @property
    @abc.abstractmethod
    def unit(self) -> str:
        """What it is a number of, in the plural."""

    @abc.abstractmethod
    def __len__(self) -> int:
        """Returns how many there are."""

    @abc.abstractmethod
    def to_markdown(self) -> str:
        """Returns a table in Markdown."""

    @classmethod
    def check(cls, path):
        """Returns the path of a file to save to, checked before long work.

        Raises:
            ValueError: If its suffix is none of `suffixes`.
            NotADirectoryError: If it would stand in a folder that is not there.
        """
        path = user_path(path, "out")
        if path.suffix.lower() not in cls.suffixes:
            raise InvalidValue(
                f"`out` must end in {', '.join(cls.suffixes[:-1])} or "
                f"{cls.suffixes[-1]}. Received: {str(path)!r}"
            )
        if not path.parent.is_dir():
            raise NotADirectoryError(f"`out`: {str(path.parent)!r} is not a folder.")
        if path.is_dir():
            raise InvalidValue(f"`out` must be a file. {str(path)!r} is a folder.")
        return path

    def save(self, path):
        """Writes a file, in the form that its suffix says.

        Raises:
            ValueError: If it has another suffix than those of `suffixes`.
        """
        path = self.check(path)
        with files.atomic(path) as unfinished:
            self._write(unfinished)

    @abc.abstractmethod
    def _write(self, path):
        """Writes a file that is checked already."""


@dataclass(frozen=True)
class GeneratedTexts(Generated):
    """Texts, or words with their probabilities.

    Files end in ".txt", plain text, ".md", a table, or ".jsonl", an object a line.

    Attributes:
        rows: List of dicts of the same keys: `"prompt"` and `"text"`; or `"prompt"`,
            `"mask"`, `"word"` and `"probability"`.

    Example:
        >>> made = GeneratedTexts([{"prompt": "a", "text": "a cat"}])
        >>> print(made)
        a cat
        >>> print(made.to_markdown().splitlines()[-1])
        | a | a cat |
    """

    rows: Sequence[dict]

    suffixes = (".txt", ".md", ".jsonl")

    def __len__(self):
        return len(self.rows)

    @property
    def unit(self) -> str:
        return "texts" if self._are_whole else "words"

    @property
    def _are_whole(self):
        return not self.rows or "text" in self.rows[0]

    def __str__(self):
        if not self._are_whole:
            return self.to_markdown()
        return BETWEEN_TEXTS.join(row["text"] for row in self.rows)

    def to_markdown(self) -> str:
        keys = list(self.rows[0]) if self.rows else []
        lines = [keys, ["---"] * len(keys)]
        lines += [[_cell(row[key]) for key in keys] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _write(self, path):
        suffix = path.suffix.lower()
        if suffix == ".jsonl":
            lines = [json.dumps(row, ensure_ascii=False) for row in self.rows]
            text = "\n".join(lines)
        else:
            text = self.to_markdown() if suffix == ".md" else str(self)
        path.write_text(text + "\n", encoding="utf-8", newline="")


@dataclass(frozen=True)
class GeneratedExamples(Generated):
    """Examples that are arrays, such as images.

    Files end in ".png" or another picture's suffix, a sheet of them; or in ".npz",
    NumPy's array `examples`.

    Attributes:
        values: Float32 array (examples, ...); images are in [0, 1].
        modality: What they are, a key of `kerassl.modalities.MODALITIES`, or None.

    Example:
        >>> made = GeneratedExamples(np.zeros((3, 8, 8, 1), "float32"), "image")
        >>> print(made)
        3 examples of 8 x 8 x 1
    """

    values: np.ndarray
    modality: str | None = None

    suffixes = (".png", ".pdf", ".svg", ".npz")

    def __len__(self):
        return len(self.values)

    @property
    def unit(self) -> str:
        return f"examples of {' x '.join(map(str, self.values.shape[1:]))}"

    @property
    def default_out(self) -> str:
        drawn = _has_picture(self.modality) and len(self) <= MOST_ON_A_SHEET
        return "generated.png" if drawn else "generated.npz"

    def __str__(self):
        return f"{len(self):,} {self.unit}"

    def to_markdown(self) -> str:
        lines = ["| example | mean | standard deviation |", "| ---: | ---: | ---: |"]
        for number, value in enumerate(self.values, 1):
            lines.append(f"| {number} | {value.mean():.3f} | {value.std():.3f} |")
        return "\n".join(lines)

    def figure(self):
        """Returns a sheet of the examples, a `matplotlib.figure.Figure`.

        Raises:
            ValueError: If there is no picture of such examples, or there are too many
                for one.
        """
        check_sheet(self.modality, len(self))
        return MODALITIES[self.modality].sheet(self.values, [""] * len(self))

    def _write(self, path):
        if path.suffix.lower() == ".npz":
            with open(path, "wb") as file:  # by its name NumPy would add a suffix
                np.savez(file, examples=self.values)
        else:
            self.figure().savefig(path, bbox_inches="tight", dpi=150)


def check_sheet(modality, count):
    """Raises where some examples cannot be shown on one picture.

    Args:
        modality: A key of `kerassl.modalities.MODALITIES`, or None.
        count: How many.

    Raises:
        ValueError: If so.

    Example:
        >>> check_sheet("image", 16)
    """
    if not _has_picture(modality):
        raise InvalidValue("`out` must end in .npz: there is no picture of these.")
    if count > MOST_ON_A_SHEET:
        raise InvalidValue(
            f"`out` must end in .npz for more than {MOST_ON_A_SHEET} examples, the "
            f"most on one picture. Received: count={count}"
        )


def _has_picture(modality):
    return modality is not None and MODALITIES[modality].drawn_by is not None


def _cell(value):
    shown = f"{value:.3f}" if isinstance(value, float) else str(value)
    return shown.replace("|", "\\|").replace("\n", " ")
