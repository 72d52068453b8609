"""What works on which backend of Keras: a small fit of every task, and its encoder.

    python -m benchmarks.backends --python jax=python torch=/where/torch/is/bin/python

Every task of `tests/tasks` is trained for two steps on raw examples, evaluated and
asked for predictions. The encoder that TensorFlow trained is then read by Keras alone,
without kerassl, and must give the same features. A table is printed; a cell tells the
first thing that fails.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
BACKENDS = ("tensorflow", "jax", "torch")
TOLERANCE = 1e-3


def trained(name, folder):
    """Returns "ok", or what fails when a task is trained; keeps its encoder."""
    import keras
    import tasks

    make, examples, batch_size = tasks.every()[name]()
    keras.utils.set_random_seed(0)
    task = make()
    players = {player: "adam" for player in task.players()}
    # Of two steps, operation by operation is the fastest with TensorFlow.
    eager = keras.backend.backend() == "tensorflow"
    options = {"jit_compile": False, "run_eagerly": True} if eager else {}
    task.compile(players if len(players) > 1 else "adam", **options)
    steps = {
        "fit": lambda: task.fit(
            examples,
            batch_size=batch_size,
            steps_per_epoch=2,
            validation_data=examples,
            verbose=0,
        ),
        "evaluate": lambda: task.evaluate(examples, batch_size=batch_size, verbose=0),
        "predict": lambda: task.predict(examples, batch_size=batch_size, verbose=0),
    }
    for step, call in steps.items():
        if failure := failure_of(call):
            return f"`{step}`: {failure}"
    if folder is not None:
        keep_encoder(task, examples, folder / name)
    return "ok"


def keep_encoder(task, examples, path):
    """Writes a trained encoder, with inputs and the features that it has here."""
    import keras
    import numpy as np

    from kerassl.data import as_source

    path.mkdir()
    task.encoder.save(path / "encoder.keras")
    x = task.pretext.prepare(as_source(examples).fetch(np.arange(4)))
    x = keras.tree.map_structure(np.asarray, x)
    if isinstance(task.encoder.input, dict):
        x = {key: x[key] for key in task.encoder.input}
    expected = keras.tree.map_structure(np.asarray, task.encoder.predict(x, verbose=0))
    (path / "values.pkl").write_bytes(pickle.dumps((x, expected)))


def read_back(path):
    """Returns "ok", or what fails when Keras alone reads a trained encoder."""

    def compare():
        import keras
        import keras_hub  # noqa: F401 -- registers its backbones
        import numpy as np

        x, expected = pickle.loads((path / "values.pkl").read_bytes())
        encoder = keras.saving.load_model(path / "encoder.keras")
        found = keras.tree.flatten(encoder.predict(x, verbose=0))
        for a, b in zip(found, keras.tree.flatten(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE)

    return failure_of(compare) or "ok"


def failure_of(call):
    """Returns in one line why a call fails, or None."""
    try:
        call()
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return f"{type(error).__name__}: {lines[0][:120] if lines else ''}"
    return None


def here(names, folder, writes):
    """Returns {name: [what training says, what reading says]} on this backend."""
    # First without kerassl, which would register what the encoder may need.
    read = {} if writes else {n: read_back(folder / n) for n in names}
    refusal = failure_of(lambda: __import__("kerassl.models"))
    found = {}
    for name in names:
        said = refusal or failure_or_word(name, folder if writes else None)
        found[name] = [said, read.get(name, "")]
    return found


def failure_or_word(name, folder):
    said = []
    return failure_of(lambda: said.append(trained(name, folder))) or said[0]


def on(backend, python, names, folder):
    """Returns what `here` gives in a process on a backend."""
    command = [python, "-W", "ignore", "-m", "benchmarks.backends", "--on", backend]
    result = subprocess.run(
        [*command, "--folder", str(folder), *names],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(result.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="tasks (default: all)")
    parser.add_argument("--python", nargs="*", default=[], help="BACKEND=PROGRAM")
    parser.add_argument("--on", choices=BACKENDS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.path.append(str(TESTS))
    if args.on:
        found = here(args.names, args.folder, args.on == "tensorflow")
        print(json.dumps(found))
        return
    names = args.names or known_names()
    pythons = dict(each.split("=", 1) for each in args.python)
    with tempfile.TemporaryDirectory() as folder:
        found = {
            backend: on(backend, pythons.get(backend, sys.executable), names, folder)
            for backend in BACKENDS
        }
    print("| task | " + " | ".join(f"{b} trains" for b in BACKENDS), end=" | ")
    print(" | ".join(f"{b} reads the encoder" for b in BACKENDS[1:]) + " |")
    print("|---" * 6 + "|")
    for name in names:
        cells = [found[backend][name][0] for backend in BACKENDS]
        cells += [found[backend][name][1] for backend in BACKENDS[1:]]
        print(f"| {name} | " + " | ".join(cells) + " |")


def known_names():
    """Returns the names of the tasks, without their further forms."""
    import tasks

    return list(tasks.methods())


if __name__ == "__main__":
    main()
