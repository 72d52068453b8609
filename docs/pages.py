"""Pages made of the project itself: reference, cards, tutorials with their outputs.

All lie in `generated/`, which is written anew with each build.
"""

import os
import shutil
from itertools import chain

import cards
import notebooks
import reference

# What a reader calls, by what it is for; the other parts serve these.
GROUPS = {
    "From data to a verdict": ("pretraining", "runs", "zoo", "transfer", "use"),
    "Tasks": ("models", "pretext", "losses", "encoders", "layers", "augment"),
    "Data": ("data", "tokenizers"),
    "Training": ("optimizers", "callbacks", "distribute", "ops"),
    "Looking and checking": ("metrics", "pictures", "testing", "allowed"),
}
PARTS = tuple(chain.from_iterable(GROUPS.values()))
TITLES = {
    "tutorials": ("Tutorials", "Each runs on a processor in minutes."),
    "tutorials_zh": ("教程", "每个教程在 CPU 上只需几分钟。"),
}


def write(folder):
    """Writes all generated pages below a folder of Sphinx sources."""
    os.environ.setdefault("KERASSL_FAST", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    generated = folder / "generated"
    _replace(generated / "reference", reference.pages(GROUPS))
    _replace(generated / "zoo", cards.pages())
    for name, (title, about) in TITLES.items():
        tutorials = notebooks.tutorials("zh" if name.endswith("zh") else "en")
        plain = {f"{path.stem}.ipynb": notebooks.notebook(path) for path in tutorials}
        _replace(generated / "downloads" / name, plain)
        _replace(generated / name, notebooks.pages(tutorials, name, title, about))
        pictures = generated / name / "pictures"
        shutil.copytree(notebooks.PICTURES, pictures, dirs_exist_ok=True)


def _replace(folder, found):
    """Writes {file name: text} and removes what is not among them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in found and path.is_file():
            path.unlink()
    for name, text in found.items():
        path = folder / name
        # Not touched where it is the same: Sphinx would read it again.
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
