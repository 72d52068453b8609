"""A folder in which one process works at a time."""

import subprocess
import sys

import pytest

from kerassl import data
from kerassl.locks import locked


def test_a_folder_is_one_processs_own(tmp_path):
    other = (
        "import sys; from kerassl import locks\n"
        "with locks.locked(sys.argv[1]): print('in'); sys.stdin.read()"
    )
    words = [sys.executable, "-c", other, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(words, **pipes) as process:
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(ValueError, match="Another process is at work in"):
            with locked(tmp_path):
                pass
        process.kill()
    with locked(tmp_path):  # a process that is killed holds it no more
        pass


def test_a_corpus_is_prepared_by_one_process(tmp_path):
    with locked(tmp_path):
        with pytest.raises(ValueError, match="Another process is at work in"):
            data.prepare(["a cat sat"] * 9, tmp_path, vocabulary_size=260, workers=1)
