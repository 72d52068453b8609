"""The call: a run's encoder becomes a folder that runs without kerassl."""

import inspect
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerassl import files, runs
from kerassl.checks import check_one_of, suggest, user_path
from kerassl.errors import InvalidType, InvalidValue
from kerassl.progress import track
from kerassl.tokenizers import save_tokenizer
from kerassl.use.exporting import page, upload
from kerassl.use.exporting.formats import FORMATS
from kerassl.use.exporting.quantizing import loss_of
from kerassl.use.exporting.subject import made_up, subject_of
from kerassl.use.exporting.tokenizer_files import (
    agreement,
    fast_tokenizer,
    vocabulary_files,
)
from kerassl.use.trained import run_of

QUANTIZED = ("int8",)
# Of an export's numbers from the encoder's, as a share of the greatest of these.
MOST_DIFFERENCE = 1e-4
# Examples by which int8 is judged.
JUDGED = 512


@dataclass(frozen=True)
class Export:
    """What was exported.

    Attributes:
        path: The folder.
        facts: What `export.json` in it says, a dict in JSON's types.
    """

    path: Path
    facts: dict

    def __str__(self):
        return f"{self.path}: {page.summary(self.facts)}"


def export(
    run,
    out,
    format="savedmodel",
    *,
    quantize=None,
    data=None,
    overwrite=False,
    upload_to=None,
    progress=None,
) -> Export:
    """Writes a run's encoder in a format that runs without kerassl.

    What is written is read back, by the code that comes with it, and compared with
    the encoder on some of the run's examples.

    Args:
        run: As in `kerassl.embed`.
        out: The folder to write, which is not there yet. Beside the encoder it gets
            `README.md`, which says what goes in and what comes out, and is a model
            card too, `load_example.py`, `example.npz` and `export.json`.
        format: `"savedmodel"` (TensorFlow, takes raw examples), `"litert"` (phones),
            `"onnx"`, `"keras_hub"` or `"huggingface"` (of backbones of KerasHub).
        quantize: `"int8"` to hold weights as 8-bit integers, None for floats.
        data: Examples to check on, and to calibrate int8 with, as `kerassl.embed`
            takes them; None for those that the run was trained on.
        overwrite: Whether to replace an earlier export that stands in `out`.
        upload_to: A repository of the Hugging Face hub, "owner/name", to put the
            folder in; it is made private where it is not there. None for none.
        progress: As in `kerassl.embed`.

    Returns:
        An `Export`.

    Raises:
        FileNotFoundError: If there is no such run, or it has not finished.
        FileExistsError: If `out` is there.
        ValueError: If the encoder has no such format, or an argument is refused.
        ImportError: If a package of the extra `kerassl[export]` is not there.

    Example:
        >>> made = export("runs/photos", "photos_onnx", "onnx")  # doctest: +SKIP
        >>> made.facts["difference"] < 1e-5  # doctest: +SKIP
        True
    """
    kind = _format(format)
    if quantize is not None:
        check_one_of("quantize", quantize, QUANTIZED)
    kind.check(quantize)
    if upload_to is not None:
        upload.check(upload_to)
    out = _target(out, overwrite)
    run = run_of(run)
    if not (run.path / runs.ENCODER).is_file():
        raise FileNotFoundError(
            f"{run.path} holds no {runs.ENCODER}: the run has not finished. The "
            "command that began it resumes it."
        )
    runs.read_config(run.path)  # what is damaged is told before the work
    # A bar of three parts: loaded, written and read back, told.
    steps = iter(track(range(3), "exporting", 3, progress))
    next(steps)
    subject = subject_of(run, data, *((JUDGED,) if quantize else ()))
    _check_fits(kind, subject)
    if quantize:
        kind.check_int8(subject)
    next(steps)
    with files.atomic_folder(out) as folder:
        facts = _write(kind, subject, folder, quantize)
        next(steps)
        facts["bytes"] = _bytes(folder)
        page.write(folder, facts, inspect.getsource(kind.load))
    list(steps)
    if upload_to is not None:
        facts["uploaded"] = upload.upload(out, upload_to)
    return Export(out, facts)


def formats_of(subject) -> list[str]:
    """Returns the names of the formats that a subject's encoder can be written in."""
    return [name for name, kind in FORMATS.items() if kind.refusal(subject) is None]


def _format(name):
    if not isinstance(name, str):
        raise InvalidType(f"`format` must be a string. Received: {name!r}")
    if name not in FORMATS:
        raise InvalidValue(
            f"`format` must be one of {', '.join(FORMATS)}. Received: {name!r:.60}."
            f"{suggest(name, list(FORMATS))}"
        )
    return FORMATS[name]


def _target(out, overwrite):
    """Returns the folder to write, or raises where it cannot be."""
    path = user_path(out, "out")
    if path.suffix in (".tflite", ".onnx", ".keras", ".pb", ".h5", ".zip"):
        raise InvalidValue(
            "`out` must name a folder: the encoder's file, its README.md and an "
            f"example are put into it. Received: {str(out)!r}"
        )
    if not path.parent.is_dir():
        raise NotADirectoryError(f"`out`: {str(path.parent)!r} is not a folder.")
    if path.exists() or path.is_symlink():
        earlier = (path / page.FACTS).is_file() and not path.is_symlink()
        if not (overwrite and earlier):
            how = (
                "`overwrite=True` (--overwrite) replaces it"
                if earlier
                else ("it holds something else than an export")
            )
            raise FileExistsError(f"`out`: {str(path)!r} is there already; {how}.")
    return path


def _check_fits(kind, subject):
    reason = kind.refusal(subject)
    if reason:
        raise InvalidValue(
            f"`format` {kind.name!r} is not for this encoder: {reason}. It has: "
            f"{', '.join(formats_of(subject)) or 'none'}."
        )


def _write(kind, subject, folder, quantize):
    """Writes the encoder, checks it, and returns what is to be said of it."""
    inputs, example = kind.inputs(subject), kind.inputs(made_up(subject))
    want, given = kind.reference(subject), kind.outputs(subject, example)
    facts = page.facts(kind, subject, quantize)
    if quantize:  # first in floats, to compare with
        with tempfile.TemporaryDirectory() as scratch:
            kind.write(subject, Path(scratch))
            facts["bytes_in_floats"] = _bytes(Path(scratch))
    kind.write(subject, folder, quantize)
    encode = kind.read_back(folder)
    got = encode(inputs)
    facts["checked_on"] = len(got)
    if quantize:
        facts["loss"] = loss_of(want, got, subject.labels)
        given = encode(example)
    else:
        facts["difference"] = _difference(kind, want, got)
    facts["tokenizer"] = _write_tokenizer(subject, folder)
    named = {f"input_{name}": values for name, values in example.items()}
    np.savez(folder / page.EXAMPLE, **named, outputs=given)
    return facts


def _difference(kind, want, got):
    found = float(np.max(np.abs(want - got)))
    if not found <= MOST_DIFFERENCE * max(1.0, float(np.max(np.abs(want)))):
        raise RuntimeError(
            f"As {kind.name} the encoder gives numbers that differ by {found:.3g}."
        )
    return found


def _write_tokenizer(subject, folder):
    """Writes the tokenizer that comes with an export, and tells how it agrees."""
    if not hasattr(subject.task.pretext, "tokenizer"):
        return None
    made = fast_tokenizer(subject)
    same, count = agreement(made, subject) if made else (0, 0)
    if not same:  # as where unknown words are left out
        own = subject.task.pretext.tokenizer
        save_tokenizer(own, folder / page.TOKENIZER)
        home = type(own).__module__.partition(".")[0]
        return {
            "file": f"{page.TOKENIZER}/",
            "class": f"{home}.tokenizers.{type(own).__name__}",
        }
    # The layout of transformers has it at the top.
    target = (
        folder
        if (folder / "tokenizer_config.json").is_file()
        else folder / page.TOKENIZER
    )
    target.mkdir(exist_ok=True)
    vocabulary_files(made, target)
    file = (target / "tokenizer.json").relative_to(folder).as_posix()
    return {"file": file, "same_rows": same, "rows": count}


def _bytes(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
