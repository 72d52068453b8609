"""Strategies by name, and what is told where they cannot be had."""

import subprocess
import sys

import pytest
import tensorflow as tf

from kerassl import distribute


def test_strategies():
    assert distribute.strategy("one").num_replicas_in_sync == 1
    assert distribute.strategy("auto").num_replicas_in_sync >= 1
    assert distribute.strategy("cpu:2").num_replicas_in_sync == 2


def test_one_process_trains_with_shares_of_several_sizes():
    # Of two strategies over the same devices the collectives would clash.
    assert distribute.strategy("cpu:2") is distribute.strategy("cpu:2")


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
