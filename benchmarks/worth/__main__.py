"""The command `python -m benchmarks.worth`."""

import argparse
import dataclasses
import datetime
import json
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
    overrides = dict(map(zoo.parse_override, given.set))
    trials = [
        trial.Trial(preset, corpus, seed, str(given.out), overrides, given.validate)
        for preset in given.preset or contenders()
        for corpus in given.on
        if corpus == trial.OWN or _fits(preset, corpus)
        for seed in range(given.seeds)
    ]
    groups = {}
    for done, each in enumerate(trials, 1):
        _run(each, f"{done} of {len(trials)}")
        result = read_json(each.folder / trial.RESULT)
        groups.setdefault((each.preset, each.corpus), []).append(result)
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
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="of the preset"
    )
    parser.add_argument(
        "--validate",
        action="store_true",
        help="to choose settings: measure on a part of the training examples, and "
        "leave those to test on unread (with --on)",
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
    if given.validate and trial.OWN in given.on:
        parser.error("--validate needs --on with the names of corpora")
    for name in ("seeds", "labels"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} must be 1 or more, got {getattr(given, name)}")


def _run(each, place):
    """Makes one trial where its result is not there yet."""
    state = "is there" if (each.folder / trial.RESULT).is_file() else "runs"
    told = f"{place}: {each.preset} on {each.corpus}, seed {each.seed}: {state}"
    print(told, file=sys.stderr)
    if state == "runs":
        words = json.dumps(dataclasses.asdict(each))
        module = "benchmarks.worth.trial"
        subprocess.run([sys.executable, "-m", module, words], check=True)


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
