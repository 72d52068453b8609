"""Two processes, and two devices of JAX, train as one does."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
from toy import Corrupt, Restore, encoder

from kerassl import testing

X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")

# This folder, the helpers of the tests, and kerassl.
PYTHONPATH = os.pathsep.join(map(str, Path(__file__).resolve().parents[:3]))

WORKER = """
import sys
import numpy as np
from kerassl import distribute
strategy = distribute.strategy("multi_worker")
import test_processes
from kerassl import testing
task, losses = testing.trained(
    test_processes.make, test_processes.X, batch_size=16, strategy=strategy
)
np.savez(
    sys.argv[1],
    *[v.numpy() for v in task.variables],
    losses=losses,
    chief=[distribute.is_chief(strategy), distribute.is_chief(task)],
)
"""


def make(dtype):
    return Restore(encoder(dtype=dtype), Corrupt())


def test_two_processes_equal_one(tmp_path):
    ports = [_free_port() for _ in range(2)]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path / f"{index}.npz")],
            env={
                **os.environ,
                "TF_CONFIG": json.dumps(
                    {"cluster": cluster, "task": {"type": "worker", "index": index}}
                ),
                "PYTHONPATH": PYTHONPATH,
                "CUDA_VISIBLE_DEVICES": "",
            },
            stderr=subprocess.PIPE,
        )
        for index in range(2)
    ]
    errors = [worker.communicate(timeout=240)[1] for worker in workers]
    for worker, error in zip(workers, errors, strict=True):
        assert worker.returncode == 0, error.decode()[-3000:]
    task, losses = testing.trained(make, X, batch_size=16)
    for index in range(2):
        with np.load(tmp_path / f"{index}.npz") as stored:
            np.testing.assert_allclose(stored["losses"], losses, rtol=1e-5)
            assert stored["chief"].tolist() == 2 * [index == 0]
            for i, variable in enumerate(task.variables):
                if "seed_generator" not in variable.path:
                    np.testing.assert_allclose(
                        stored[f"arr_{i}"], variable.numpy(), rtol=1e-5, atol=1e-6
                    )


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_two_jax_devices_equal_one():
    source = (
        "import sys, json, keras; from kerassl import distribute, testing; "
        "import test_processes as t; "
        "one = testing.trained(t.make, t.X, batch_size=16)[1]; "
        "keras.distribution.set_distribution(distribute.strategy('cpu:2')); "
        "two = testing.trained(t.make, t.X, batch_size=16)[1]; "
        "print(json.dumps([one, two]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": PYTHONPATH,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = json.loads(done.stdout.splitlines()[-1])
    np.testing.assert_allclose(two, one, rtol=1e-5)
