"""The features of a trained encoder, for TensorBoard's projector."""

import math

import keras
import numpy as np
from PIL import Image

from kerassl import distribute, files
from kerassl.data import Subset
from kerassl.modalities import MODALITIES, modality_of
from kerassl.pretraining.examples import prepared
from kerassl.tokenizers.strings import as_strings

# How many examples a person looks through, and the side of one's thumbnail in pixels.
EXAMPLES, SIDE = 1000, 32
# Examples whose thumbnails are made at a time, since those may be large.
AT_ONCE = 50
# Letters of a text beside its point.
LETTERS = 80
FEATURES, METADATA, SPRITE = "features.tsv", "examples.tsv", "sprite.png"


class EmbeddingBoard(keras.callbacks.Callback):
    """Writes features, labels and thumbnails of some examples at the end of training.

    Args:
        folder: TensorBoard's.
        source: The `kerassl.data.Source` of the examples, of which some from all over
            it are taken, of a stream the first.
    """

    def __init__(self, folder, source):
        super().__init__()
        self.folder = folder
        count = min(EXAMPLES, len(source))
        last = count - 1 if source.sequential else len(source) - 1
        self._places = np.linspace(0, last, count, dtype="int64")
        self._source = source

    def on_train_end(self, logs=None):
        """Writes what the projector reads."""
        some = Subset(self._source, self._places)
        # Every process computes, since they do so together; one writes.
        features = self.model.features(prepared(self.model.pretext, some))
        if not distribute.is_chief(self.model) or not np.isfinite(features).all():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with files.atomic(self.folder / FEATURES) as unfinished:
            np.savetxt(unfinished, features, fmt="%.5g", delimiter="\t")
        files.write_text(self.folder / METADATA, _metadata(some, self._places))
        self._configure(thumbnails(some))

    def _configure(self, sheet):
        from tensorboard.plugins import projector

        config = projector.ProjectorConfig()
        embedding = config.embeddings.add()
        embedding.tensor_name = "features"
        embedding.tensor_path = FEATURES
        embedding.metadata_path = METADATA
        if sheet is not None:
            with files.atomic(self.folder / SPRITE) as unfinished:
                Image.fromarray(sheet).save(unfinished, format="png")
            embedding.sprite.image_path = SPRITE
            embedding.sprite.single_image_dim.extend([SIDE, SIDE])
        projector.visualize_embeddings(str(self.folder), config)


def thumbnails(source):
    """Returns one image of all examples, a square of thumbnails, or None.

    Args:
        source: A `Source`.

    Returns:
        An array (height, width, 3) of uint8; None where there is no picture of such
        examples.
    """
    modality = MODALITIES.get(modality_of(source))
    if modality is None or modality.thumbnails_by is None:
        return None
    columns = math.ceil(math.sqrt(len(source)))
    sheet = np.full((columns, columns, SIDE, SIDE, 3), 255, "uint8")
    for begin in range(0, len(source), AT_ONCE):
        places = np.arange(begin, min(begin + AT_ONCE, len(source)))
        small = modality.thumbnails(source.fetch(places), SIDE)
        sheet[places // columns, places % columns] = small
    return sheet.swapaxes(1, 2).reshape(columns * SIDE, columns * SIDE, 3)


def _metadata(source, places):
    """Returns a line of tab-separated values for each example, below their names.

    A single column has no name: the projector would take it for an example.
    """
    # The projector begins with the first column.
    columns = {}
    if source.labels is not None and source.label_kind == "classes":
        named = source.class_names
        columns["label"] = [
            str(label) if named is None else str(named[int(label)])
            for label in source.labels
        ]
    columns["example"] = _names(source, places)
    rows = list(zip(*columns.values(), strict=True))
    if len(columns) > 1:
        rows.insert(0, tuple(columns))
    return "".join("\t".join(map(_cell, row)) + "\n" for row in rows)


def _names(source, places):
    modality = MODALITIES.get(modality_of(source))
    if modality is not None and modality.is_text:
        examples = source.fetch(np.arange(len(source)))
        if not isinstance(examples, dict):  # of tokens, without their texts
            return as_strings(examples.numpy())
    return [f"{place:,}" for place in places]


def _cell(value):
    text = " ".join(str(value).split())
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"
