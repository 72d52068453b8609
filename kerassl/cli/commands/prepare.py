"""The command `kerassl prepare`."""

from __future__ import annotations

import argparse
from typing import Any

from kerassl.cli import arguments, screen


def add(commands: Any) -> None:
    parser = arguments.command(
        commands, "prepare", run, "tokenise a corpus once, for long trainings"
    )
    parser.add_argument(
        "corpus",
        nargs="+",
        metavar="PATH",
        help="text files, folders of them, or quoted patterns such as 'corpus/*.txt'",
    )
    parser.add_argument(
        "--tokenizer",
        default="bpe",
        metavar="KIND",
        help="bpe, wordpiece, sentencepiece or word to train one, or the folder of a "
        "stored tokenizer (default: bpe)",
    )
    parser.add_argument(
        "--vocabulary-size",
        type=int,
        default=8000,
        metavar="N",
        help="pieces of a tokenizer that is trained (default 8000)",
    )
    case = parser.add_mutually_exclusive_group()
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
    parser.add_argument(
        "--character-coverage",
        type=float,
        metavar="SHARE",
        help="of the corpus's characters that a wordpiece or sentencepiece tokenizer "
        "can spell; words with a rarer one become unknown (default 0.9999; 0.9995 "
        "suits Chinese)",
    )
    parser.add_argument(
        "--out", required=True, metavar="FOLDER", help="the folder of the shards"
    )
    parser.add_argument(
        "--unit",
        choices=("line", "file"),
        default="line",
        help="what a document is (default: line)",
    )
    parser.add_argument(
        "--field",
        metavar="NAME",
        help="of the text in the records of .jsonl files (default: text)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that tokenise (default: one a processor)",
    )
    arguments.quiet(parser)


def run(args: argparse.Namespace) -> None:
    with screen.quiet_start():
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
