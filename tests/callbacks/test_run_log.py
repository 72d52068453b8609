import json

import numpy as np
from toy import Corrupt, Restore, encoder

from kerassl.callbacks import RunLog, read_log

X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")


def fit(log, start=0, epochs=2):
    task = Restore(encoder(), Corrupt())
    task.compile("adam")
    task.fit(
        task.dataset(X, 16, start=start),
        epochs=epochs,
        steps_per_epoch=3,
        callbacks=[log],
        verbose=0,
    )


def test_one_line_an_epoch(tmp_path):
    fit(RunLog(tmp_path / "history.jsonl", batch_size=16, tensorboard=tmp_path / "tb"))
    rows = read_log(tmp_path / "history.jsonl")
    assert [row["step"] for row in rows] == [3, 6]
    assert {"loss", "error", "seconds", "examples_per_second"} <= set(rows[0])
    assert any(p.name.startswith("events.out") for p in (tmp_path / "tb").iterdir())


def test_resuming_drops_the_lines_that_will_be_made_again(tmp_path):
    path = tmp_path / "history.jsonl"
    lines = [{"step": s, "loss": 1.0, "seconds": float(s)} for s in (3, 6, 9)]
    cut = '{"step": 12, "lo'
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + cut)
    fit(RunLog(path, batch_size=16, start=6), start=6, epochs=1)
    rows = read_log(path)
    assert [row["step"] for row in rows] == [3, 6, 9]
    assert rows[2]["seconds"] > 6.0
