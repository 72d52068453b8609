"""Where variables live, and which process writes files."""

import pytest
from toy import Corrupt, Restore, encoder

from kerassl import distribute
from kerassl.errors import InvalidValue


def test_a_task_made_outside_of_the_scope_is_refused(two_replicas):
    task = Restore(encoder(), Corrupt())
    distribute.check_scope(task)
    with two_replicas.scope():
        with pytest.raises(InvalidValue, match="a task made outside of it"):
            distribute.check_scope(task)
        distribute.check_scope(Restore(encoder(), Corrupt()))


def test_weights_are_made_in_the_scope_of_their_model(two_replicas):
    with two_replicas.scope():
        task = Restore(encoder(), Corrupt())
    with distribute.scope_of(task):
        extra = task.add_weight(shape=(), name="extra")
    is_within = two_replicas.extended.variable_created_in_scope
    assert is_within(extra.value)
    assert not is_within(Restore(encoder(), Corrupt()).center.value)


def test_one_process_is_its_own_chief(two_replicas):
    assert distribute.is_chief(two_replicas)
    assert distribute.is_chief(Restore(encoder(), Corrupt()))
