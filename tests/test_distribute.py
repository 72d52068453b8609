import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from toy import Corrupt, Restore, encoder

from kerassl import distribute, testing

X = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")

WORKER = """
import sys
import numpy as np
from kerassl import distribute
strategy = distribute.strategy("multi_worker")
import test_distribute
from kerassl import testing
task, losses = testing.trained(
    test_distribute.make, test_distribute.X, batch_size=16, strategy=strategy
)
np.savez(sys.argv[1], *[v.numpy() for v in task.variables], losses=losses)
"""


def make(dtype):
    return Restore(encoder(dtype=dtype), Corrupt())


def test_gather_and_sum_over_two_replicas(two_replicas):
    @tf.function
    def run():
        def replica():
            number = ops.cast(distribute.replica_id(), "float32")
            rows = ops.reshape(number * 10 + ops.arange(2, dtype="float32"), (2, 1))
            with tf.GradientTape() as tape:
                tape.watch(rows)
                gathered = distribute.all_gather(rows)
                # Every replica reads row 1 and its own number of times row 2.
                loss = gathered[1, 0] + (number + 1) * gathered[2, 0]
            # How many rows the other replica has is not known while tracing.
            assert gathered.shape == (None, 1)
            return gathered, distribute.all_sum(number), tape.gradient(loss, rows)

        return two_replicas.run(replica)

    gathered, total, gradient = map(two_replicas.experimental_local_results, run())
    np.testing.assert_array_equal(np.ravel(gathered[1]), [0, 1, 10, 11])
    assert total[0] == 1.0
    np.testing.assert_array_equal(np.ravel(gradient[0]), [0, 2])
    np.testing.assert_array_equal(np.ravel(gradient[1]), [3, 0])


@pytest.mark.parametrize("shares", [(4, 3), (1, 5), (2, 0)])
def test_keys_of_uneven_shares_are_found(shares, two_replicas):
    starts = (0, shares[0])

    @tf.function
    def run(rows):
        def replica(rows):
            with tf.GradientTape() as tape:
                tape.watch(rows)
                (keys, _), offset = distribute.gather_keys((rows, 2 * rows))
                own = keys[offset : offset + tf.shape(rows)[0]]
                weights = tf.range(1, 1 + tf.shape(keys)[0])
                loss = tf.reduce_sum(keys * tf.cast(weights, "float32"))
            return keys, offset, own - rows, tape.gradient(loss, rows)

        return two_replicas.run(replica, (rows,))

    values = two_replicas.experimental_distribute_values_from_function(
        lambda context: tf.range(
            starts[context.replica_id_in_sync_group],
            sum(shares[: context.replica_id_in_sync_group + 1]),
            dtype="float32",
        )
    )
    results = map(two_replicas.experimental_local_results, run(values))
    for replica, (keys, offset, gap, slope) in enumerate(zip(*results, strict=True)):
        np.testing.assert_array_equal(keys, np.arange(sum(shares)))
        assert offset == starts[replica] and not np.any(gap)
        # Each of the two replicas read the row, as often as its number says.
        first = 1 + starts[replica]
        np.testing.assert_array_equal(
            slope, 2.0 * np.arange(first, first + shares[replica])
        )


def test_one_replica_needs_no_communication():
    x = ops.ones((2, 3))
    assert distribute.all_gather(x) is x
    assert distribute.all_sum(x) is x
    assert distribute.gather_keys(x) == (x, 0)
    assert distribute.replica_id() == 0
    assert distribute.num_replicas() == 1


def test_input_gradient_is_differentiated_again():
    kernel = tf.Variable([[1.0], [-2.0]])
    x = tf.constant([[0.5, 1.0], [2.0, -1.0]])

    def cubes(x):
        return (x**3) @ kernel

    with tf.GradientTape() as tape:
        tape.watch(x)
        gradient = distribute.input_gradient(cubes, x)
        penalty = tf.reduce_sum(gradient)
    np.testing.assert_allclose(gradient, 3 * x**2 * [1.0, -2.0])
    by_kernel, by_x = tape.gradient(penalty, [kernel, x])
    np.testing.assert_allclose(by_kernel, np.sum(3 * x**2, axis=0)[:, None])
    np.testing.assert_allclose(by_x, 6 * x * [1.0, -2.0])


def test_strategies():
    assert distribute.strategy("one").num_replicas_in_sync == 1
    assert distribute.strategy("auto").num_replicas_in_sync >= 1
    assert distribute.strategy("cpu:2").num_replicas_in_sync == 2


@pytest.mark.parametrize("name", ["mirored", "cpu", "cpu:x", "cpu:0", "tpu:2", ""])
def test_unknown_strategies(name):
    with pytest.raises(ValueError, match="`strategy` must be 'auto'"):
        distribute.strategy(name)


def test_more_devices_than_there_are():
    with pytest.raises(ValueError, match="already started with 2"):
        distribute.strategy("cpu:3")
    count = len(tf.config.list_logical_devices("GPU")) + 1
    with pytest.raises(ValueError, match=f"asks for {count} GPU"):
        distribute.strategy(f"gpu:{count}")


@pytest.mark.parametrize("config", ["", "{", "[]", '{"cluster": {}, "task": {}}'])
def test_several_processes_need_a_list_of_them(config, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(ValueError, match="needs the environment variable TF_CONFIG"):
        distribute.strategy("multi_worker")


def test_no_tpu_is_told_in_a_line():
    # In a process of its own: looking for a TPU starts TensorFlow anew.
    source = "from kerassl import distribute; distribute.strategy('tpu')"
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    told = done.stderr.splitlines()[-1]
    assert told.startswith(
        "kerassl.errors.InvalidValue: `strategy='tpu'` found no TPU: "
    ), told


def test_xla_is_chosen_by_what_was_measured(two_replicas):
    class Transformer(Restore):
        xla_on_cpu = True

    gpu = bool(tf.config.list_physical_devices("GPU"))
    assert distribute.use_xla(Transformer(encoder(), Corrupt()))
    assert distribute.use_xla(make("float32")) == gpu
    with two_replicas.scope():
        assert not distribute.use_xla(Transformer(encoder(), Corrupt()))


def test_two_processes_equal_one(tmp_path):
    ports = [_free_port() for _ in range(2)]
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    tests = Path(__file__).parent
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path / f"{index}.npz")],
            env={
                **os.environ,
                "TF_CONFIG": json.dumps(
                    {"cluster": cluster, "task": {"type": "worker", "index": index}}
                ),
                "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}",
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
            for i, variable in enumerate(task.variables):
                if "seed_generator" not in variable.path:
                    np.testing.assert_allclose(
                        stored[f"arr_{i}"], variable.numpy(), rtol=1e-5, atol=1e-6
                    )


def test_two_jax_devices_equal_one():
    source = (
        "import sys, json, keras; from kerassl import distribute, testing; "
        "import test_distribute as t; "
        "one = testing.trained(t.make, t.X, batch_size=16)[1]; "
        "keras.distribution.set_distribution(distribute.strategy('cpu:2')); "
        "two = testing.trained(t.make, t.X, batch_size=16)[1]; "
        "print(json.dumps([one, two]))"
    )
    tests = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = json.loads(done.stdout.splitlines()[-1])
    np.testing.assert_allclose(two, one, rtol=1e-5)


def test_other_backends_are_refused():
    done = subprocess.run(
        [sys.executable, "-c", "import kerassl.distribute"],
        env={**os.environ, "KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "kerassl runs on the Keras backends ('tensorflow', 'jax')" in done.stderr


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_one_process_trains_with_shares_of_several_sizes():
    # Of two strategies over the same devices the collectives would clash.
    assert distribute.strategy("cpu:2") is distribute.strategy("cpu:2")
