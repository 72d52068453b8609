"""Real data sets for benchmarks and for tests marked for them.

They are read from the folder that the environment variable
`KERASSL_DATA` names; nothing is downloaded and nothing is copied.
Every function takes `split` and returns NumPy arrays or lists, in a
fixed order.
"""

import gzip
import io
import json
import lzma
import os
import pathlib
import tarfile
import zipfile

import numpy as np

VARIABLE = "KERASSL_DATA"
FASHION_CLASSES = (
    "t-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def path(*parts: str) -> pathlib.Path:
    """Returns the path of a file or folder below `KERASSL_DATA`.

    Raises:
        RuntimeError: If the variable is unset.
        FileNotFoundError: If the folder or the file is not there.
    """
    root = os.environ.get(VARIABLE)
    if not root:
        raise RuntimeError(
            f"The environment variable {VARIABLE} is not set. It names the folder "
            "that holds the real data sets (fashion_mnist/, cifar10/, ...), for "
            f"example: export {VARIABLE}=/path/to/data"
        )
    found = pathlib.Path(root, *parts)
    if not found.exists():
        raise FileNotFoundError(
            f"{found} is not there. {VARIABLE}={root!r} must name the folder that "
            f"holds {'/'.join(parts) or 'the data sets'}."
        )
    return found


def _check_split(split: str, splits: tuple[str, ...]) -> None:
    if split not in splits:
        raise ValueError(f"split must be one of {splits}, received {split!r}.")


def fashion_mnist(split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """Returns (images, labels): uint8 (n, 28, 28, 1) and int64 (n,).

    Args:
        split: "train" (60,000) or "test" (10,000).
    """
    _check_split(split, ("train", "test"))
    prefix = {"train": "train", "test": "t10k"}[split]
    with gzip.open(path("fashion_mnist", f"{prefix}-images-idx3-ubyte.gz")) as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16)  # after the header
    with gzip.open(path("fashion_mnist", f"{prefix}-labels-idx1-ubyte.gz")) as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return images.reshape(-1, 28, 28, 1), labels.astype(np.int64)


def cifar10(
    split: str = "train", limit: int | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Returns (images, labels, class names) of CIFAR-10 stored as JPEG.

    The JPEG coding is lossy, so scores are lower than on the original.
    The archive is sorted by class; what comes back is shuffled with a
    fixed seed, so that `limit` keeps all classes.

    Args:
        split: "train" (50,000) or "test" (10,000).
        limit: Number of images to keep; None for all.

    Returns:
        uint8 (n, 32, 32, 3), int64 (n,) and the ten names in order.
    """
    from PIL import Image

    _check_split(split, ("train", "test"))
    coded: list[bytes] = []
    folders: list[str] = []
    with tarfile.open(path("cifar10", "cifar10_jpg.tar.xz"), "r|xz") as archive:
        for member in archive:
            parts = pathlib.PurePosixPath(member.name).parts
            if member.isfile() and len(parts) == 3 and parts[0] == split:
                stream = archive.extractfile(member)
                assert stream is not None  # isfile() said so
                coded.append(stream.read())
                folders.append(parts[1])
    names = tuple(sorted(set(folders)))
    order = np.random.default_rng(0).permutation(len(coded))[:limit]
    images = np.stack(
        [np.asarray(Image.open(io.BytesIO(coded[i])).convert("RGB")) for i in order]
    )
    labels = np.array([names.index(folders[i]) for i in order], np.int64)
    return images, labels, names


def sst2(split: str = "train") -> tuple[list[str], np.ndarray]:
    """Returns (sentences, labels) of SST-2; label 1 is positive.

    Args:
        split: "train" (6,920), "dev" (872) or "test" (1,821).
    """
    _check_split(split, ("train", "dev", "test"))
    lines = path("sent_cls", f"stsa.binary.{split}").read_text("utf-8").splitlines()
    pairs = [line.split(" ", 1) for line in lines if line.strip()]
    labels = np.array([int(label) for label, _ in pairs], np.int64)
    return [text for _, text in pairs], labels


def movie_reviews(split: str = "all") -> tuple[list[str], np.ndarray]:
    """Returns (documents, labels) of 2,000 film reviews; label 1 is positive.

    Args:
        split: "all", or "train" (1,600) or "test" (400). The documents
            are numbered and both classes are cut at the same number.
    """
    _check_split(split, ("all", "train", "test"))
    kept = {"all": range(1000), "train": range(800), "test": range(800, 1000)}[split]
    texts: list[str] = []
    labels: list[int] = []
    with zipfile.ZipFile(path("nltk", "movie_reviews.zip")) as archive:
        for label, folder in enumerate(("neg", "pos")):
            names = sorted(
                name
                for name in archive.namelist()
                if f"/{folder}/" in name and name.endswith(".txt")
            )
            for i in kept:
                texts.append(archive.read(names[i]).decode("utf-8", "replace"))
                labels.append(label)
    return texts, np.array(labels, np.int64)


def wiki_summaries() -> list[str]:
    """Returns the lead summaries of about 10,000 encyclopedia articles."""
    with lzma.open(path("corpus_en", "wiki_vital_summaries_en.json.xz")) as file:
        articles = json.load(file)
    return [article["extract"] for article in articles.values() if article["extract"]]


def wiki_topics() -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """Returns (summaries, topics as int64, the 12 names) of the same articles."""
    with lzma.open(path("corpus_en", "wiki_vital_summaries_en.json.xz")) as file:
        found = json.load(file).values()
    articles = [article for article in found if article["extract"]]
    names = tuple(sorted({article["topic"] for article in articles}))
    labels = np.array([names.index(article["topic"]) for article in articles])
    return [article["extract"] for article in articles], labels, names


def stsb(split: str = "test") -> tuple[list[str], list[str], np.ndarray]:
    """Returns (first sentences, second sentences, scores) of the STS benchmark.

    Scores are float32, from 0 (unrelated) to 5 (the same meaning).

    Args:
        split: "train" (5,749), "dev" (1,500) or "test" (1,379).
    """
    _check_split(split, ("train", "dev", "test"))
    lines = path("stsb", f"sts-{split}.csv").read_text("utf-8").split("\n")
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    scores = np.array([float(row[4]) for row in rows], np.float32)
    return [row[5] for row in rows], [row[6] for row in rows], scores
