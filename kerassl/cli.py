"""The command line: `kerassl prepare | pretrain | evaluate | embed | search | list |
show | preview | allowed`.

Exit codes:
    0    done
    1    an unexpected failure; --debug shows where
    2    wrong usage or input, said in one line
    3    training diverged; the message names the last good checkpoint
    130  interrupted; the same command resumes
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TextIO

import kerassl
from kerassl import allowed, zoo
from kerassl.errors import InvalidValue, TrainingDiverged, UserError

DONE, FAILED, USAGE, DIVERGED, INTERRUPTED = 0, 1, 2, 3, 130
# Of a message that repeats what was given.
MOST_CHARACTERS = 500


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    Args:
        argv: The words after `kerassl`; None takes those of the process.

    Raises:
        SystemExit: With code 2 if the words cannot be parsed, with 0 after
            `--help` and `--version`.

    Example:
        >>> main(["show", "simclr_digits", "--json"])  # doctest: +ELLIPSIS
        {
        ...
        0
    """
    args = _parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            args.command(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("kerassl: interrupted; the same command resumes.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of `kerassl list | head` has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        return _report(error, args.debug)
    return DONE


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Shows a warning without the line of code that it comes from."""
    print(f"kerassl: warning: {message}", file=sys.stderr)


def _report(error: Exception, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    code = _exit_code(error)
    said = " ".join(str(error).split())  # in one line, whoever wrote it
    if code == FAILED:
        hint = "" if debug else " Run it again with --debug to see where."
        said = f"unexpected {type(error).__name__}: {said}{hint}"
    else:
        said = f"error: {said}"
    print(f"kerassl: {said}", file=sys.stderr)
    return code


def _exit_code(error: Exception) -> int:
    """Tells a user's mistake from a failure of the program."""
    if isinstance(error, TrainingDiverged):
        return DIVERGED
    return USAGE if isinstance(error, UserError | OSError) else FAILED


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the words of a command."""

    def error(self, message: str) -> NoReturn:
        if len(message) > MOST_CHARACTERS:
            message = f"{message[:MOST_CHARACTERS]}..."
        self.exit(USAGE, f"kerassl: error: {message}. `{self.prog} --help` explains.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="kerassl",
        description="Self-supervised pretraining for Keras: "
        "unlabelled examples in, a reusable encoder out.",
        epilog="Exit codes: 0 done, 1 unexpected failure, 2 wrong usage or input, "
        "3 training diverged, 130 interrupted.",
    )
    parser.add_argument(
        "--version", action="version", version=f"kerassl {kerassl.__version__}"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    pretrain = _command(commands, "pretrain", _pretrain, "train a preset and report")
    _preset(pretrain)
    _data(pretrain)
    pretrain.add_argument(
        "--out", metavar="FOLDER", help="the run's folder (default: runs/PRESET)"
    )
    pretrain.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="optimizer steps (default: the preset's); more than a run has lengthen it",
    )
    _batch_size(pretrain)
    _seed(pretrain)
    _strategy(pretrain)
    _set(pretrain)
    _import(pretrain)
    pretrain.add_argument(
        "--no-evaluate",
        action="store_true",
        help="train only: the report trains the controls too, which with a large "
        "encoder takes longer; `kerassl evaluate` makes it later",
    )
    pretrain.add_argument(
        "--checkpoint-seconds",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds between checkpoints (default 30)",
    )
    _quiet(pretrain)

    prepare = _command(
        commands, "prepare", _prepare, "tokenise a corpus once, for long trainings"
    )
    prepare.add_argument(
        "corpus",
        nargs="+",
        metavar="PATH",
        help="text files, folders of them, or quoted patterns such as 'corpus/*.txt'",
    )
    prepare.add_argument(
        "--tokenizer",
        default="bpe",
        metavar="KIND",
        help="bpe, wordpiece, sentencepiece or word to train one, or the folder of a "
        "stored tokenizer (default: bpe)",
    )
    prepare.add_argument(
        "--vocabulary-size",
        type=int,
        default=8000,
        metavar="N",
        help="pieces of a tokenizer that is trained (default 8000)",
    )
    case = prepare.add_mutually_exclusive_group()
    case.add_argument(
        "--lowercase",
        action="store_true",
        default=None,
        help="a tokenizer that is trained folds case (default, but not for bpe, "
        "which cannot)",
    )
    case.add_argument(
        "--keep-case",
        dest="lowercase",
        action="store_false",
        default=None,
        help="a tokenizer that is trained tells 'Polish' from 'polish'",
    )
    prepare.add_argument(
        "--character-coverage",
        type=float,
        metavar="SHARE",
        help="of the corpus's characters that a wordpiece or sentencepiece tokenizer "
        "can spell; words with a rarer one become unknown (default 0.9999; 0.9995 "
        "suits Chinese)",
    )
    prepare.add_argument(
        "--out", required=True, metavar="FOLDER", help="the folder of the shards"
    )
    prepare.add_argument(
        "--unit",
        choices=("line", "file"),
        default="line",
        help="what a document is (default: line)",
    )
    prepare.add_argument(
        "--field",
        metavar="NAME",
        help="of the text in the records of .jsonl files (default: text)",
    )
    prepare.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that tokenise (default: one a processor)",
    )
    _quiet(prepare)

    evaluate = _command(
        commands, "evaluate", _evaluate, "measure a trained encoder beside its controls"
    )
    _run(evaluate)
    _data(evaluate, of="the run")
    _seed(evaluate, default=None)
    _set(evaluate, "of how it is measured, such as transfer.draws=5")
    _import(evaluate)
    _quiet(evaluate)

    embed = _command(
        commands, "embed", _embed, "write the vectors that an encoder gives examples"
    )
    _run(embed)
    _data(embed, of="the run")
    embed.add_argument(
        "--out",
        metavar="FILE",
        default="vectors.npz",
        help="ends in .npz or .parquet (default: vectors.npz)",
    )
    _quiet(embed)

    search = _command(
        commands, "search", _search, "find the examples that are most like one"
    )
    _run(search)
    search.add_argument(
        "query", metavar="QUERY", help="a text, or the path of an image or a sound"
    )
    _data(search, of="the run")
    search.add_argument(
        "--count", type=int, default=10, metavar="N", help="how many (default 10)"
    )
    search.add_argument(
        "--vectors",
        metavar="FILE",
        help="what `kerassl embed` wrote for the same data, as .npz",
    )
    search.add_argument(
        "--approximate",
        action="store_true",
        help="by a graph of neighbours, for millions of examples (extra "
        "kerassl[search])",
    )
    search.add_argument("--out", metavar="PICTURE", help="a picture of what was found")
    _quiet(search)

    listing = _command(commands, "list", _list, "show the presets")
    listing.add_argument(
        "--modality", help="only presets for this kind of data: image, text or vector"
    )

    show = _command(commands, "show", _show, "show a preset's card and configuration")
    _preset(show)
    show.add_argument(
        "--json",
        action="store_true",
        help="only the configuration, to start a preset of your own from",
    )

    preview = _command(
        commands, "preview", _preview, "draw what the pretext task does to your data"
    )
    _preset(preview)
    _data(preview)
    preview.add_argument(
        "--out", metavar="PICTURE", help="the picture to write (default: PRESET.png)"
    )
    _seed(preview)
    _set(preview)
    _import(preview)

    allowing = _command(
        commands, "allowed", _allowed, "show what a preset or another file may name"
    )
    allowing.add_argument(
        "kind",
        nargs="?",
        choices=list(allowed.KINDS),
        metavar="KIND",
        help=f"every name of one kind: {', '.join(allowed.KINDS)}",
    )
    _import(allowing)
    return parser


def _command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], None], summary: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("--debug", action="store_true", help="show where errors arise")
    parser.set_defaults(command=run)
    return parser


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run",
        metavar="RUN",
        help="a run's folder, or a preset's name for the run in runs/PRESET",
    )


def _preset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "preset",
        metavar="PRESET",
        help="a name that `kerassl list` shows, or the path of your own .json",
    )


def _data(parser: argparse.ArgumentParser, of: str = "the preset") -> None:
    parser.add_argument(
        "--data",
        nargs="+",
        metavar="PATH",
        help="your own examples: a folder of images, or text files, folders of them, "
        "or patterns such as corpus/*.txt; digits, docs, glyphs, keras:cifar10 and the "
        f"like name data at hand (default: those of {of})",
    )


def _batch_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help="examples a step, over all replicas (default: the preset's)",
    )


def _seed(parser: argparse.ArgumentParser, default: int | None = 0) -> None:
    said = "the run's" if default is None else default
    parser.add_argument(
        "--seed",
        type=int,
        default=default,
        metavar="N",
        help=f"of all randomness (default: {said})",
    )


def _strategy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strategy",
        default="auto",
        metavar="NAME",
        help="auto (all GPUs of this machine), one, mirrored, multi_worker, tpu, "
        "cpu:N or gpu:N (default: auto)",
    )


def _set(
    parser: argparse.ArgumentParser,
    what: str = "of the preset, such as model.temperature=0.2",
) -> None:
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"change a value {what}; may be given several times",
    )


def _import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--import",
        dest="modules",
        action="append",
        default=[],
        metavar="MODULE",
        help="a Python module of your own whose classes the preset names, such as "
        "rotation for rotation.py here; it is run, so name only what you trust",
    )


def _quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def _examples(args: argparse.Namespace) -> Any:
    """Returns what --data names as `kerassl.pretrain` takes it."""
    if not all(path.strip() for path in args.data or ()):
        raise InvalidValue("--data: expected a path or a name, received an empty one.")
    if args.data is None or len(args.data) == 1:
        return args.data and args.data[0]
    return [Path(path) for path in args.data]  # strings would be documents


def _overrides(args: argparse.Namespace) -> dict[str, Any]:
    return dict(zoo.parse_override(text) for text in args.set)


def _allow_modules(args: argparse.Namespace) -> None:
    if args.modules and os.getcwd() not in sys.path:
        # Last: no file here may stand for a module that is imported later.
        sys.path.append(os.getcwd())
    for module in args.modules:
        zoo.allow(module)


def _pretrain(args: argparse.Namespace) -> None:
    zoo.config(args.preset)  # a mistyped name is told before TensorFlow loads
    overrides = _overrides(args)
    with _quiet_start():
        import tensorflow  # noqa: F401
    _allow_modules(args)
    run = kerassl.pretrain(
        args.preset,
        _examples(args),
        out=args.out,
        steps=args.steps,
        batch_size=args.batch_size,
        seed=args.seed,
        strategy=args.strategy,
        overrides=overrides,
        evaluate=not args.no_evaluate,
        progress=not args.quiet,
        checkpoint_seconds=args.checkpoint_seconds,
    )
    print(run)


def _prepare(args: argparse.Namespace) -> None:
    with _quiet_start():
        import tensorflow  # noqa: F401
    from kerassl import data

    source = data.prepare(
        data.TextSource(args.corpus, field=args.field, unit=args.unit),
        args.out,
        tokenizer=args.tokenizer,
        vocabulary_size=args.vocabulary_size,
        lowercase=args.lowercase,
        character_coverage=args.character_coverage,
        workers=args.workers,
        progress=False if args.quiet else None,
    )
    print(
        f"{args.out}: {source.num_tokens:,} tokens of {source.num_documents:,} "
        f"documents, {source.num_skipped:,} left out"
    )
    for note in source.notes:
        print(note)


def _evaluate(args: argparse.Namespace) -> None:
    folder = args.run
    if not os.path.isdir(folder):
        zoo.config(folder)
        folder = os.path.join("runs", folder)
    overrides = _overrides(args)
    with _quiet_start():
        import tensorflow  # noqa: F401
    _allow_modules(args)
    run = kerassl.evaluate(
        folder,
        data=_examples(args),
        seed=args.seed,
        overrides=overrides,
        progress=not args.quiet,
    )
    print(run)


def _embed(args: argparse.Namespace) -> None:
    with _quiet_start():
        import tensorflow  # noqa: F401
    from kerassl.use.vectors import check_suffix

    out = check_suffix(args.out)
    vectors = kerassl.embed(args.run, _examples(args), progress=_shown(args))
    vectors.save(out)
    count, dim = vectors.values.shape
    print(f"{out}: {count:,} vectors of {dim} dimensions")


def _search(args: argparse.Namespace) -> None:
    out = args.out and _picture(args.out)
    with _quiet_start():
        import tensorflow  # noqa: F401
    from kerassl.use import Vectors

    found = kerassl.search(
        args.run,
        args.query,
        _examples(args),
        count=args.count,
        vectors=Vectors.load(args.vectors) if args.vectors else None,
        approximate=args.approximate,
        progress=_shown(args),
    )
    print(found.to_markdown())
    if out:
        found.figure().savefig(out, bbox_inches="tight", dpi=150)
        print(f"{out}: the query and what was found")


def _shown(args: argparse.Namespace) -> bool | None:
    """Returns whether to show progress: None where a terminal decides."""
    return False if args.quiet else None


def _list(args: argparse.Namespace) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "modality", "task"):
        table.add_column(heading, no_wrap=True)
    table.add_column("summary")
    names = zoo.names(args.modality)
    if not names:
        print(f"No preset is for {args.modality} data.")
        return
    for name in names:
        spec = zoo.config(name)
        task = spec["model"]["class"].rpartition(".")[2]
        table.add_row(name, spec["modality"], task, spec["summary"])
    _console().print(table)


def _show(args: argparse.Namespace) -> None:
    configuration = json.dumps(zoo.config(args.preset), indent=2)
    if args.json:
        print(configuration)
        return
    card = f"{zoo.card(args.preset).rstrip()}\n\n{zoo.told(args.preset)}"
    console = _console()
    if console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(f"{card}\n\n```json\n{configuration}\n```"))
    else:
        print(card.strip(), configuration, sep="\n\n")


def _allowed(args: argparse.Namespace) -> None:
    if args.kind or args.modules:
        with _quiet_start():
            import tensorflow  # noqa: F401
        _allow_modules(args)
    if args.kind:
        print(*allowed.public_names(args.kind), sep="\n")
        return
    print(allowed.rules())


def _preview(args: argparse.Namespace) -> None:
    name = zoo.config(args.preset)["name"]
    out = _picture(f"{name}.png" if args.out is None else args.out)
    overrides = _overrides(args)
    with _quiet_start():
        import tensorflow  # noqa: F401
    _allow_modules(args)
    from kerassl.pretraining import preview

    figure = preview(args.preset, _examples(args), seed=args.seed, overrides=overrides)
    figure.savefig(out, bbox_inches="tight", dpi=150)
    print(f"{out}: examples as {name} sees them")


def _picture(path: str) -> str:
    """Returns the path of a picture, checked before long work is done for it."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in known:
        raise InvalidValue(
            f"--out: expected a picture that ends in .png, .pdf, .svg or the like, "
            f"received {path!r}."
        )
    if not Path(path).parent.is_dir():
        raise NotADirectoryError(f"--out: {str(Path(path).parent)!r} is not a folder.")
    return path


def _console() -> Any:
    from rich.console import Console

    # A pipe has no width of its own; folding at 80 would break names apart.
    return Console() if sys.stdout.isatty() else Console(width=140)


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Keeps TensorFlow's start-up notes off the screen, but not its errors.

    The first lines come from native code before any log level is read, so the
    error stream itself is set aside; it is shown if the import fails.
    """
    # What TensorFlow logs as an error and matters, it raises as well.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as notes:
        kept = os.dup(2)
        os.dup2(notes.fileno(), 2)
        try:
            yield
            import tensorflow as tf

            tf.config.list_physical_devices()
            # Warnings of its graphs, such as of retracing, tell a user nothing.
            tf.get_logger().setLevel("ERROR")
        except BaseException:
            os.dup2(kept, 2)
            notes.seek(0)
            sys.stderr.write(notes.read().decode("utf-8", "replace"))
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


if __name__ == "__main__":
    sys.exit(main())
