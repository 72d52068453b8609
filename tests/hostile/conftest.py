"""What is refused is refused before a graph, and what is not trains a step or two."""

import pytest


@pytest.fixture(autouse=True)
def few_graphs(without_graphs):
    pass
