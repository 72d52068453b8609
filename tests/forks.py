"""Kills runs and resumes them, each in a fork of one process.

`python forks.py RUNS STEP`, where RUNS is a JSON dict from a folder to the words
of a `kerassl pretrain` command without its `--out`. Each run is killed by SIGKILL
when its checkpoint of this step is written but does not bear its name yet, in
FOLDER/killed; then it is done whole, in FOLDER/whole, and the killed one resumed.
Prints a JSON dict of the exit codes of both forks; -9 is a kill.

A fork begins in no time, having imported everything already. This process must
itself leave TensorFlow's devices alone, whose threads a fork does not have.
"""

import json
import os
import signal
import sys
from pathlib import Path

from kerassl import cli


def main(runs, step):
    killed = fork_all(lambda words, at: killed_run(words, at, step), runs)
    others = fork_all(lambda words, at: whole_and_resumed_run(words, at), runs)
    print(json.dumps({at: [killed[at], others[at]] for at in runs}))


def fork_all(function, runs):
    """Returns the exit code of `function`, called in a fork for each run."""
    codes, forks, waiting = {}, {}, dict(runs)
    while waiting or forks:
        while waiting and len(forks) < len(os.sched_getaffinity(0)):
            folder, words = waiting.popitem()
            forks[fork(function, words, folder)] = folder
        process, status = os.wait()
        codes[forks.pop(process)] = os.waitstatus_to_exitcode(status)
    return codes


def fork(function, *arguments):
    process = os.fork()
    if not process:
        code = cli.FAILED
        try:
            code = function(*arguments)
        finally:
            os._exit(code)
    return process


def killed_run(words, folder, step):
    rename = os.replace

    def replace(source, target):
        if Path(target).name == f"step-{step:08d}.npz":
            os.kill(os.getpid(), signal.SIGKILL)
        rename(source, target)

    os.replace = replace
    return cli.main([*words, f"--out={folder}/killed"])


def whole_and_resumed_run(words, folder):
    return max(cli.main([*words, f"--out={folder}/{at}"]) for at in ("whole", "killed"))


if __name__ == "__main__":
    # Once, for all forks.
    import keras_hub  # noqa: F401
    import matplotlib.backends.backend_agg  # noqa: F401
    import tensorflow_text  # noqa: F401
    import tokenizers  # noqa: F401

    import kerassl.pretraining  # noqa: F401
    from kerassl import distribute, models

    # XLA takes longer to compile than a few steps do; MaskedLM stays for it.
    distribute.use_xla = lambda model: isinstance(model, models.MaskedLM)
    main(json.loads(sys.argv[1]), int(sys.argv[2]))
