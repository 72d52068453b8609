"""Two CPU devices, quiet libraries, fixed seeds, and the real data sets."""

import gc
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402
from data_graphs import data_without_graphs  # noqa: E402
from drawn import write_empty_picture  # noqa: E402

from kerassl.testing import QUICK_XLA  # noqa: E402

# For this process, which has not used XLA yet, and those that it starts.
os.environ["XLA_FLAGS"] = f"{QUICK_XLA} {os.environ.get('XLA_FLAGS', '')}"

# Before anything touches a device: two replicas to test strategies on.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0],
    [tf.config.LogicalDeviceConfiguration()] * 2,
)


# Python looks at all objects again and again for rings to free. So it does less often,
# and never at what was there before the file of tests at hand: of what many files left,
# most is not looked at for minutes, and a machine short of memory takes long to bring
# it back.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish():
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def rings_freed():
    """Frees what a file of tests left, and keeps the rest out of later looks."""
    yield
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    # That the functions of tf.data stay graphs, as they should.
    known = "ignore:Even though the .tf.config.experimental_run_functions_eagerly"
    for item in items:
        if "without_graphs" in item.fixturenames:
            item.add_marker(pytest.mark.filterwarnings(known))
    # The processes tell each other the names again and again.
    longest = max((item.nodeid for item in items), key=len, default="")
    if len(longest) > 500:
        raise pytest.UsageError(f"A test's name is too long: {longest[:200]}...")


@pytest.fixture(autouse=True)
def seeds():
    """Starts every test from the same random state."""
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session", autouse=True)
def without_xla():
    """Leaves XLA out where the task may choose, and returns its rule of choice.

    XLA takes seconds for each program, and TensorFlow keeps it until the process
    ends: 40 MB for each transformer that a test trains.
    """
    from kerassl import distribute

    rule, distribute.use_xla = distribute.use_xla, lambda model: False
    yield rule
    distribute.use_xla = rule


# Where runs are tested, and not how their pictures look.
RUNS = ("hostile", "pretraining", "test_pretraining.py", "zoo")
DRAWN = ("test_boards.py",)


@pytest.fixture(scope="module", autouse=True)
def pictures_undrawn(request):
    """Spares runs the letters and points of their pictures, for most of their time."""
    place = request.path.relative_to(Path(__file__).parent)
    if place.parts[0] not in RUNS or place.name in DRAWN:
        yield
        return
    import importlib

    from matplotlib.figure import Figure

    # A function has the same name.
    embedding_map = importlib.import_module("kerassl.transfer.embedding_map")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", write_empty_picture)
        patch.setattr(embedding_map, "_in_two_dimensions", lambda x, *_: x[:, :2])
        yield


@pytest.fixture
def without_graphs():
    """Computes operation by operation: a training of a step or two needs no graph.

    Making it takes longer than such a training. Functions under a strategy are left
    to tests that have graphs.
    """
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def without_data_graphs():
    """Is `data_without_graphs` for a whole test."""
    with data_without_graphs():
        yield


@pytest.fixture(scope="session")
def two_replicas():
    """Returns a strategy over the two logical processors."""
    from kerassl import distribute

    # The one that `strategy="cpu:2"` gives: collectives of two would clash.
    return distribute.strategy("cpu:2")


@pytest.fixture(scope="session")
def kerassl_data():
    """Returns the folder of larger real data sets that KERASSL_DATA names."""
    folder = os.environ.get("KERASSL_DATA")
    if not folder:
        pytest.skip("KERASSL_DATA is not set: it names a folder of real data sets")
    path = Path(folder).resolve()
    assert path.is_dir(), f"KERASSL_DATA: {folder!r} is not a folder"
    return path
