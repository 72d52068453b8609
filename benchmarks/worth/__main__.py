"""The command `python -m benchmarks.worth`."""

import argparse
import datetime
import os
import subprocess
import sys
from pathlib import Path

import benchmarks.worth as package
from benchmarks.worth import figures, table, trial
from benchmarks.worth.corpora import CORPORA
from kerassl import zoo
from kerassl.runs import read_json


def contenders():
    """Returns the names of the presets that say how long a processor takes."""
    return [name for name in zoo.names() if "minutes" in zoo.config(name)]


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    parser, given = _parse(argv)
    _check(parser, given)
    trials = [
        (preset, corpus, seed)
        for preset in given.preset or contenders()
        for corpus in given.on
        if corpus == trial.OWN or _fits(preset, corpus)
        for seed in range(given.seeds)
    ]
    for done, each in enumerate(trials, 1):
        _run(each, given.out, f"{done} of {len(trials)}")
    groups = {}
    for each in trials:
        path = trial.folder(given.out, *each) / trial.RESULT
        groups.setdefault(each[:2], []).append(read_json(path))
    print(_heading(argv, list(groups.values())))
    print()
    lines = [(each, figures.lines(each, given.labels)) for each in groups.values()]
    print(table.markdown(lines))


def _fits(preset, corpus):
    return zoo.config(preset)["modality"] == CORPORA[corpus].modality


def _parse(argv):
    about = [f"  {name}: {corpus.about}" for name, corpus in CORPORA.items()]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.worth",
        description=package.__doc__,
        epilog="corpora:\n" + "\n".join(about),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "preset", nargs="*", help="all that name their minutes, if none"
    )
    parser.add_argument("--on", nargs="+", default=[trial.OWN], metavar="CORPUS")
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0 on")
    parser.add_argument(
        "--labels", type=int, default=figures.LABELS, help="a class, of comparisons"
    )
    parser.add_argument("--out", type=Path, default=Path("runs", "worth"))
    return parser, parser.parse_args(argv)


def _check(parser, given):
    known = contenders()
    for preset in given.preset:
        if preset not in known and not Path(preset).is_file():
            parser.error(
                f"preset must be one of {', '.join(known)}, or the file of your own; "
                f"got {preset!r}"
            )
    for corpus in given.on:
        if corpus not in (trial.OWN, *CORPORA):
            names = ", ".join((trial.OWN, *CORPORA))
            parser.error(f"--on must name some of {names}, got {corpus!r}")
    for name in ("seeds", "labels"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} must be 1 or more, got {getattr(given, name)}")


def _run(each, out, place):
    """Makes one trial where its result is not there yet."""
    path = trial.folder(out, *each)
    preset, corpus, seed = each
    state = "is there" if (path / trial.RESULT).is_file() else "runs"
    print(f"{place}: {preset} on {corpus}, seed {seed}: {state}", file=sys.stderr)
    if state == "runs":
        module = "benchmarks.worth.trial"
        command = [sys.executable, "-m", module, preset, corpus, str(seed), str(out)]
        subprocess.run(command, check=True)


def _heading(argv, groups):
    results = [result for group in groups for result in group]
    days = sorted({result["date"] for result in results})
    cores = sorted({result["cores"] for result in results})
    command = " ".join(["python -m benchmarks.worth", *argv])
    return (
        f"`{command}`, printed {datetime.date.today().isoformat()} on "
        f"{os.uname().machine}; runs of {days[0]} to {days[-1]}, "
        f"{' or '.join(map(str, cores))} cores each."
    )


if __name__ == "__main__":
    main()
