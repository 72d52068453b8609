"""Trainings of a step or two are computed operation by operation here.

TensorFlow keeps some 20 MB of every graph that a process has made, so hundreds of
trainings in graphs would fill the memory.
"""

from pathlib import Path

import pytest
import tensorflow as tf

# That the functions of tf.data stay graphs, as they should.
KNOWN = "ignore:Even though the .tf.config.experimental_run_functions_eagerly"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(KNOWN))


@pytest.fixture(autouse=True)
def without_graphs():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
