"""The interpreters on which the contenders run."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("peers.txt")
# All of them look for a distribution's name, which is fast and imports nothing.
LOOK = "import sys, importlib.metadata as m; [m.version(n) for n in sys.argv[1:]]"


def prepare(folder):
    """Makes the virtual environment of the other libraries in `folder`."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    command = [str(_python(folder)), "-m", "pip", "install", "-r", str(REQUIREMENTS)]
    subprocess.run(command, check=True)


def interpreter(contender, peers):
    """Returns the interpreter on which a contender runs.

    Args:
        contender: A `Contender`.
        peers: Folder of the environment of the other libraries.
    """
    return _python(peers) if contender.peer else Path(sys.executable)


def missing(contender, peers):
    """Returns what a contender lacks and how to get it, or None if nothing."""
    python = interpreter(contender, peers)
    remedy = "install kerassl for the interpreter that runs this"
    if contender.peer:
        remedy = f"make it with: python -m benchmarks.speed prepare --peers {peers}"
    if not python.exists():
        return f"there is no {python}; {remedy}"
    command = [str(python), "-c", LOOK, *contender.needs]
    found = subprocess.run(command, capture_output=True, text=True)
    if found.returncode:
        return f"{python}: {found.stderr.strip().splitlines()[-1]}; {remedy}"
    return None


def variables(threads):
    """Returns the environment of a contender's process that has so many threads."""
    names = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
    return {
        **os.environ,
        **dict.fromkeys(names, str(threads)),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TRANSFORMERS_VERBOSITY": "error",
        "CUDA_VISIBLE_DEVICES": "",  # the processor is what is compared
    }


def _python(folder):
    return Path(folder).absolute() / "bin" / "python"
