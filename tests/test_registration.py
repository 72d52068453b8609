"""`import kerassl` is enough for Keras to find its classes."""

import subprocess
import sys

import keras
import pytest
import tasks

LOAD = """
{imports}
import sys
for path in sys.argv[1:]:
    print(type(keras.saving.load_model(path)).__name__)
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    for name in ("GAN", "SimCLR", "SkipGram"):
        make, _, _ = tasks.every()[name]()
        make().save(folder / f"{name}.keras")
    return sorted(map(str, folder.iterdir()))


@pytest.mark.parametrize(
    "imports",
    [
        "import kerassl\nimport keras",
        "import keras_hub, kerassl, keras",
        "from kerassl import distribute\nimport keras",
    ],
)
def test_a_fresh_process_loads_a_task(imports, saved):
    done = subprocess.run(
        [sys.executable, "-c", LOAD.format(imports=imports), *saved],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["GAN", "SimCLR", "SkipGram"]


def test_importing_kerassl_alone_loads_no_keras():
    code = "import sys, kerassl; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_loader_of_keras_is_its_own():
    assert type(keras.__loader__).__name__ == "SourceFileLoader"
