"""What a terminal shows, at several widths, and what a file gets."""

import os
import pty
import re
import subprocess
import sys
import termios

import pytest

import kerassl
from kerassl import runs, zoo
from kerassl.cli import screen

PAGE = """# a run

It beats the input.

| method | encoder | 1 a class | 5 a class | 10 a class | all labels |
| --- | --- | ---: | ---: | ---: | ---: |
| linear probe | PCA of the pixels | 75.4 ± 4.3 | 90.0 ± 1.1 | 92.3 ± 0.7 | 97.8 ± 0.0 |

Pictures:

- loss.png: Loss and measures by step
"""


def in_terminal(code, width=80):
    """Returns what a program shows on a terminal, without its colours."""
    mine, its = pty.openpty()
    termios.tcsetwinsize(its, (40, width))
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    words = [sys.executable, "-c", code]
    streams = {"stdin": its, "stdout": its, "stderr": its}
    with subprocess.Popen(words, env=environment, **streams) as process:
        os.close(its)
        said = b""
        try:
            while part := os.read(mine, 65536):
                said += part
        except OSError:  # how a terminal ends
            pass
        process.wait(60)
    os.close(mine)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said.decode())
    return plain.replace("\r\n", "\n")


OPENING = """
import sys
from kerassl import cli
from kerassl.cli import screen

def waits():
    print("tensorflow" in sys.modules, "keras" in sys.modules)
    raise KeyboardInterrupt

screen.quiet_start = waits
cli.main({words})
"""


def test_a_run_says_at_once_what_it_will_do():
    words = ["pretrain", "simclr_digits"]
    said = in_terminal(OPENING.format(words=words))
    summary, steps, loaded, _ = said.splitlines()
    preset = zoo.config("simclr_digits")
    assert summary == f"simclr_digits: {preset['summary']}"
    count, minutes = preset["recipe"]["steps"], preset["minutes"]
    assert steps.startswith(f"{count} steps of 256, about {minutes} min on")
    assert loaded == "False False"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--steps", "7"], "7 steps of 256. TensorFlow"),
        (["--data", "photos"], "400 steps of 256. TensorFlow"),
        (["--set", "model.temperature=1.0"], "400 steps of 256. TensorFlow"),
        (["--quiet"], None),
    ],
)
def test_another_run_than_the_presets_has_no_time_of_it(
    more, told, capsys, monkeypatch
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(screen, "quiet_start", lambda: 1 / 0)
    assert kerassl.cli.main(["pretrain", "simclr_digits", *more]) == 1
    said = capsys.readouterr().err
    assert (told or "kerassl: unexpected") in said and ("min on" in said) is False
    assert bool(told) == ("TensorFlow" in said)


def test_a_file_is_not_told_that_it_waits(capsys, monkeypatch):
    monkeypatch.setattr(screen, "quiet_start", lambda: 1 / 0)
    kerassl.cli.main(["pretrain", "simclr_digits"])
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("width", [60, 80, 140])
def test_a_page_fits_the_terminal(width):
    said = in_terminal(f"from kerassl.cli import screen; screen.page({PAGE!r})", width)
    lines = said.splitlines()
    assert max(map(len, lines)) <= width and "|" not in said
    table = [line for line in lines if "probe" in line or "75.4" in line]
    if width >= 80:
        assert any("linear probe" in line and "97.8 ± 0.0" in line for line in table)
    assert "• loss.png: Loss and measures by step" in said


def test_a_page_in_a_file_is_as_it_was_written(capsys):
    screen.page(PAGE)
    assert capsys.readouterr().out == PAGE + "\n"


def test_a_run_names_its_pictures_and_what_they_show(tmp_path):
    from kerassl import pictures

    (tmp_path / runs.CONFIG).write_text("{}")
    run = runs.Run(tmp_path)
    assert "Pictures" not in str(run)
    rows = [{"step": 1, "loss": 2.0}]
    pictures.save(pictures.loss_curve(rows), tmp_path / runs.LOSS)
    (tmp_path / runs.PICTURES).mkdir()
    for step in (0, 5):
        path = tmp_path / runs.PICTURES / f"step-{step:08d}.png"
        pictures.save(pictures.loss_curve(rows, f"At step {step}"), path)
    assert run.pictures == {
        "loss.png": "Loss and measures by step",
        "pictures/ (2)": "At step 5",
    }
    assert "- pictures/ (2): At step 5\n" in str(run)
