"""The trainings here are too many to be made into graphs (see `without_graphs`)."""

import pytest


@pytest.fixture(autouse=True)
def few_graphs(without_graphs):
    pass
