"""The command line: `kerassl COMMAND`, one module of `commands/` each.

Exit codes:
    0    done
    1    an unexpected failure; --debug shows where
    2    wrong usage or input, said in one line
    3    training diverged; the message names the last good checkpoint
    130  interrupted; the same command resumes
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

import kerassl
from kerassl.cli.commands import COMMANDS
from kerassl.errors import TrainingDiverged, UserError

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
    for module in COMMANDS:
        module.add(commands)
    return parser
