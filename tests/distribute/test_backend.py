"""The backends that kerassl runs on."""

import os
import subprocess
import sys


def test_other_backends_are_refused():
    done = subprocess.run(
        [sys.executable, "-c", "import kerassl.distribute"],
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "kerassl runs on the Keras backends ('tensorflow', 'jax')" in done.stderr
