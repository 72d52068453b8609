"""APC on spoken digits, beside its own input, a random and a supervised network.

    KERASSL_DATA=... python benchmarks/audio_fsdd.py

Pretrains the preset `apc_small`, made smaller, without labels on the recordings
numbered 5 to 49 of each digit and speaker of the Free Spoken Digit Dataset. The
features, averaged over real frames, are then measured by a linear probe on who
speaks and which digit, on the recordings 0 to 4, the data set's own test split. The
probe's strength is chosen on a validation split of the training recordings.
`--validate` leaves the test split aside and measures on the recordings 5 to 9, which
are then not trained on: settings are chosen so.

Beside it stand the input itself (mean and standard deviation of each log-mel over the
real frames, in nats), the same encoder at random initialisation, and the same
trained with all labels.
"""

import argparse
import tarfile
import tempfile
from pathlib import Path

import keras
import numpy as np
import real_data

import kerassl
from kerassl import data, transfer, zoo
from kerassl.transfer.examples import draw_labels
from kerassl.transfer.inputs import inputs_of

RATE, SECONDS, HELD_OUT = 8000, 1.0, 5
LABELS = {"digit": r"(\d)_", "speaker": r"\d_([a-z]+)_"}
BUDGETS, DRAWS = (10, None), (0, 1, 2)
SMALLER = {
    "data.sample_rate": RATE,
    "data.seconds": SECONDS,
    "pretext.sample_rate": RATE,
    "pretext.num_mels": 40,
    "encoder.num_mels": 40,
    "encoder.hidden_dim": 128,
    "encoder.num_layers": 2,
    "recipe.learning_rate": 2e-3,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-shift", type=int, default=3)
    parser.add_argument("--normalize", choices=("example", "mel"), default="example")
    parser.add_argument("--supervised-steps", type=int, default=400)
    parser.add_argument("--validate", action="store_true")
    args = parser.parse_args()
    overrides = {
        **SMALLER,
        "pretext.time_shift": args.time_shift,
        "pretext.normalize": args.normalize,
    }
    with tempfile.TemporaryDirectory() as folder:
        sounds = extracted(Path(folder, "fsdd"), args.validate)
        run = kerassl.pretrain(
            "apc_small",
            sounds,
            out=Path(folder, "run"),
            overrides=overrides,
            steps=args.steps,
            seed=args.seed,
            evaluate=False,
            progress=False,
        )
        last = {n: round(run.report["last"][n], 4) for n in ("loss", "repeat_l1")}
        seconds = run.report["training_seconds"]
        print(f"{args.steps} steps in {seconds:.0f} s: {last}", flush=True)
        keras.utils.set_random_seed(args.seed)
        random = zoo.load("apc_small", overrides=overrides).encoder
        for name, pattern in LABELS.items():
            source = data.AudioFolder(sounds, RATE, SECONDS, pattern)
            measure(name, source, run.task, random, args)


def extracted(folder, validate):
    """Returns a folder with the data set's recordings in `train` and `test`."""
    first = HELD_OUT if validate else 0
    path = real_data.path("fsdd", "fsdd_recordings.tar.xz")
    with tarfile.open(path) as archive:
        archive.extractall(folder / "all", filter="data")
    for file in sorted((folder / "all").rglob("*.wav")):
        recording = int(file.stem.rpartition("_")[2]) - first
        if recording < 0:
            continue
        split = folder / "by" / ("test" if recording < HELD_OUT else "train")
        split.mkdir(parents=True, exist_ok=True)
        file.rename(split / file.name)
    return folder / "by"


def measure(name, source, task, random, args):
    """Prints the table of one kind of labels."""
    sets = source, source.test
    y, y_test = (each.labels for each in sets)
    x, x_test = (transfer.PreparedExamples(s, task.pretext) for s in sets)
    (statistics,) = inputs_of(*sets)
    features = {
        "input": [statistics.train, statistics.test],
        "random": [transfer.encode(random, each) for each in (x, x_test)],
        "pretrained": [transfer.encode(task.encoder, each) for each in (x, x_test)],
    }
    print(f"\n{name}: {len(y):,} to train, {len(y_test)} to test", flush=True)
    print("| encoder | 10 labels a class | all labels |\n|---|---|---|")
    for kind, (train, test) in features.items():
        cells = [
            [
                probe(train, y, test, y_test, budget, draw)
                for draw in (DRAWS if budget else DRAWS[:1])
            ]
            for budget in BUDGETS
        ]
        print(f"| {kind} | {shown(cells[0])} | {shown(cells[1])} |", flush=True)
    if not args.supervised_steps:
        return
    result = transfer.fine_tune(
        random,
        (x, y),
        (x_test, y_test),
        learning_rate=2e-3,
        steps=args.supervised_steps,
        seed=args.seed,
    )
    print(f"| supervised | – | {100 * result.accuracy:.1f} |", flush=True)


def probe(train, y, test, y_test, budget, draw):
    chosen = draw_labels(y, budget, draw)
    sets = (train[chosen], y[chosen]), (test, y_test)
    return transfer.linear_probe(None, *sets, seed=draw).accuracy


def shown(accuracies):
    values = 100 * np.array(accuracies)
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{values.mean():.1f} ± {values.std(ddof=1):.1f}"


if __name__ == "__main__":
    main()
