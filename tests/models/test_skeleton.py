import io
import zipfile

import h5py
import keras
import numpy as np
import pytest

from kerassl.encoders import dense, resnet
from kerassl.models import SimCLR
from kerassl.models.skeleton import head_policy, keep_untracked, with_head


def test_a_head_shares_the_weights_of_the_encoder():
    encoder, head = dense((4,), (3,)), keras.layers.Dense(2)
    network = with_head(encoder, head)
    x = np.random.default_rng(0).random((5, 4), "float32")
    np.testing.assert_allclose(network(x), head(encoder(x)), atol=1e-6)
    encoder.trainable_variables[0].assign_add(np.ones((4, 3)))
    np.testing.assert_allclose(network(x), head(encoder(x)), atol=1e-6)
    own = {id(v) for part in (encoder, head) for v in part.variables}
    assert {id(v) for v in network.variables} == own


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_head_has_the_policy_of_the_encoders_layers(policy):
    encoder = resnet((8, 8, 1), depths=(1,), widths=(4,), dtype=policy)
    assert head_policy(encoder).name == policy
    assert encoder.dtype_policy.name == "float32"  # what Keras says instead


def test_what_is_untracked_is_no_part():
    task = keras.Model()
    keep_untracked(task, _network=keras.layers.Dense(2), _data=[1, 2])
    task._network.build((None, 3))
    assert not task.layers and not task.variables
    assert type(task._data) is list


def test_weights_are_saved_once_and_under_their_own_names(tmp_path):
    encoder = dense((8, 8, 1), (4,))
    SimCLR(encoder, projection_dim=2).save(tmp_path / "task.keras")
    with zipfile.ZipFile(tmp_path / "task.keras") as archive:
        file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    found = []
    file.visititems(
        lambda name, part: (
            found.append(name) if isinstance(part, h5py.Dataset) else None
        )
    )
    assert {name.partition("/")[0] for name in found} == {"encoder", "head"}
    # Two of the encoder; of the head dense, normalisation and dense.
    assert len(found) == 2 + 1 + 4 + 2
