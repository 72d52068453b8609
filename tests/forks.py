"""Kills runs and resumes them, each in a fork of one process.

`python forks.py RUNS STEP LAST`, where RUNS is a JSON dict from a folder to the words
of a `kerassl pretrain` command without its `--out`. Each run is done in
FOLDER/killed. Its checkpoints from this step on are written but get no name there:
they are put into FOLDER/whole/checkpoints, and with that of the last step comes a
SIGKILL. So what is left is a run killed at STEP, beside what it would have become.
Then it is resumed. Prints a JSON dict of the exit codes of both forks; -9 is a kill.

A fork begins in no time, having imported everything already. This process must
itself leave TensorFlow's devices alone, whose threads a fork does not have.
"""

import gc
import json
import os
import signal
import sys
from pathlib import Path

from drawn import write_empty_picture

from kerassl import cli


def main(runs, step, last):
    killed = fork_all(lambda words, at: killed_run(words, at, step, last), runs)
    resumed = fork_all(lambda words, at: cli.main([*words, f"--out={at}/killed"]), runs)
    print(json.dumps({at: [killed[at], resumed[at]] for at in runs}))


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


def killed_run(words, folder, step, last):
    rename = os.replace
    whole = Path(folder, "whole", "checkpoints")
    whole.mkdir(parents=True)
    withheld = {f"step-{number:08d}.npz": number for number in range(step, last + 1)}

    def replace(source, target):
        name = Path(target).name
        if name not in withheld:
            return rename(source, target)
        rename(source, whole / name)
        if withheld[name] == last:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = replace
    return cli.main([*words, f"--out={folder}/killed"])


if __name__ == "__main__":
    # Once, for all forks.
    import keras_hub  # noqa: F401
    import matplotlib.backends.backend_agg  # noqa: F401
    import matplotlib.figure
    import tensorflow as tf
    import tensorflow_text  # noqa: F401
    import tokenizers  # noqa: F401

    from kerassl import distribute, models
    from kerassl.pretraining import calls, embedding_board

    # XLA takes longer to compile than a few steps do; MaskedLM stays for it.
    distribute.use_xla = lambda model: isinstance(model, models.MaskedLM)
    # What pictures show is computed in training, but no letter or point drawn, and no
    # features written.
    calls.draw_training = lambda *_: None
    embedding_board.EmbeddingBoard.on_train_end = lambda *_: None
    matplotlib.figure.Figure.savefig = write_empty_picture
    # A task whose graph differs from its operations fails another check, and most of
    # a run this short would go into its graph; these are left their graphs.
    in_graphs = (models.MaskedLM, models.GAN, models.MoCo, models.DeepCluster)
    compiled = models.PretextModel.compile

    def compile_task(task, *args, **kwargs):
        tf.config.run_functions_eagerly(not isinstance(task, in_graphs))
        compiled(task, *args, **kwargs)

    models.PretextModel.compile = compile_task
    # Fewer looks at what was imported, which stays.
    gc.freeze()
    main(json.loads(sys.argv[1]), *map(int, sys.argv[2:]))
