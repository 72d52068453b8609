"""The examples that are nearest to one that is given."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerassl.checks import check_positive_integers
from kerassl.data import as_source
from kerassl.errors import InvalidValue
from kerassl.modalities import MODALITIES
from kerassl.tokenizers.strings import as_strings
from kerassl.use.embedding import source_for, vectors_of
from kerassl.use.trained import run_of
from kerassl.use.vectors import Vectors

# Of a text that is shown.
MOST_CHARACTERS = 200


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        query: What was searched for, as it was given.
        rows: List of dicts, the most similar first: `rank`, `similarity` (cosine),
            `position` in the data, `name`, and `text` where the examples are texts.
        examples: The query and what was found, as the source gives them: a batch.
        modality: What the examples are.

    Example:
        >>> row = {"rank": 1, "similarity": 0.9, "position": 4, "name": "a.png"}
        >>> print(Found("q.png", [row], None, "image").to_markdown().splitlines()[-1])
        | 1 | 0.900 | a.png |
    """

    query: str
    rows: list[dict]
    examples: Any
    modality: str

    def to_markdown(self) -> str:
        """Returns the table in Markdown."""
        lines = ["| rank | similarity | example |", "| ---: | ---: | --- |"]
        for row in self.rows:
            shown = row.get("text", row["name"]).replace("|", "\\|")
            lines.append(f"| {row['rank']} | {row['similarity']:.3f} | {shown} |")
        return "\n".join(lines)

    def figure(self):
        """Returns the query and what was found as a `matplotlib.figure.Figure`.

        Raises:
            ValueError: If there is no picture of such examples, as of vectors.
        """
        titles = ["query"]
        titles += [f"{row['rank']}: {row['similarity']:.2f}" for row in self.rows]
        return MODALITIES[self.modality].sheet(self.examples, titles)


def search(
    run,
    query,
    data=None,
    *,
    count=10,
    vectors: Vectors | None = None,
    approximate=False,
    progress=None,
) -> Found:
    """Searches examples for those that are most like one, by a trained encoder.

    Args:
        run: As in `kerassl.embed`.
        query: A text where the run's examples are texts, else the path of a file
            such as an image or a sound.
        data: The examples to search, as in `kerassl.embed`.
        count: How many to find.
        vectors: What `kerassl.embed` gave for the same data, which then are not
            encoded again; None encodes them.
        approximate: As in `Vectors.nearest`.
        progress: As in `kerassl.embed`.

    Returns:
        A `Found`.

    Raises:
        FileNotFoundError: If the run, the data or the query's file is not there.
        ValueError: If the query is empty, or `vectors` are not of these data.

    Example:
        >>> found = search("simcse_tiny", "how to sort a list")  # doctest: +SKIP
        >>> print(found.to_markdown())  # doctest: +SKIP
    """
    check_positive_integers(count=count)
    run = run_of(run)
    source = source_for(run, data)
    modality = source.modality or run.config["modality"]
    asked = _query(query, run, modality)
    if vectors is None:
        vectors = vectors_of(run.task, source, progress=progress)
    elif len(vectors.names) != len(source):
        raise InvalidValue(
            f"`vectors` must be those of the data's {len(source)} examples. "
            f"Received: {len(vectors.names)}"
        )
    positions, similarities = vectors.nearest(
        run.task.encode(asked), count, approximate=approximate
    )
    rows = _rows(vectors, positions[0], similarities[0])
    if MODALITIES[modality].is_text:
        for row, text in zip(rows, _texts(source, positions[0]), strict=True):
            row["text"] = text
    return Found(str(query), rows, _with_query(asked, source, positions[0]), modality)


def _query(query, run, modality):
    """Returns the source of the one example that is searched for."""
    if not str(query).strip():
        raise InvalidValue("`query` must not be empty.")
    if MODALITIES[modality].is_text:
        return as_source([str(query)])
    file = Path(query)
    if not file.is_file():
        raise FileNotFoundError(f"`query`: there is no file {str(query)!r}.")
    with tempfile.TemporaryDirectory() as folder:
        # Sources of files read a folder; this one holds the query alone.
        Path(folder, file.name).symlink_to(file.resolve())
        source = source_for(run, Path(folder))
        return as_source(_arrays(source.fetch(np.arange(len(source)))))


def _arrays(examples):
    import keras

    return keras.tree.map_structure(lambda part: part.numpy(), examples)


def _rows(vectors, positions, similarities):
    return [
        {
            "rank": rank,
            "similarity": float(similarity),
            "position": int(position),
            "name": vectors.names[position],
        }
        for rank, (position, similarity) in enumerate(
            zip(positions, similarities, strict=True), 1
        )
    ]


def _texts(source, positions):
    texts = as_strings(source.fetch(np.asarray(positions)).numpy())
    return [" ".join(text.split())[:MOST_CHARACTERS] for text in texts]


def _with_query(asked, source, positions):
    import keras

    first = _arrays(asked.fetch(np.zeros(1, "int64")))
    found = _arrays(source.fetch(np.asarray(positions)))
    return keras.tree.map_structure(lambda *p: np.concatenate(p), first, found)
