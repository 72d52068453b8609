"""Whether XLA pays."""

import tensorflow as tf
from toy import Corrupt, Restore, encoder

from kerassl import distribute


def test_xla_is_chosen_by_what_was_measured(two_replicas):
    class Transformer(Restore):
        xla_on_cpu = True

    gpu = bool(tf.config.list_physical_devices("GPU"))
    assert distribute.use_xla(Transformer(encoder(), Corrupt()))
    assert distribute.use_xla(Restore(encoder(), Corrupt())) == gpu
    with two_replicas.scope():
        assert not distribute.use_xla(Transformer(encoder(), Corrupt()))
