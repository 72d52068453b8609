import keras
import numpy as np
import pytest

from kerassl.encoders import plain_cnn
from kerassl.models.crops import at_once, crops_of


def test_global_views_come_first_in_order():
    names = [f"local{i}" for i in range(11, 0, -1)] + ["view3", "view1", "view2", "id"]
    crops = crops_of({name: name for name in names})
    assert crops == [
        *("view1", "view2", "view3"),
        *(f"local{i}" for i in range(1, 12)),
    ]


@pytest.mark.parametrize("names", [["view1"], ["view1", "local1"], ["view2"], []])
def test_too_few_global_views_are_refused(names):
    with pytest.raises(ValueError, match="2 or more global views, view1, view2"):
        crops_of(dict.fromkeys(names))


def test_one_pass_for_each_size_gives_what_single_ones_do():
    encoder = plain_cnn((None, None, 1), (4,), (2,), grid=1)
    sizes, random = (8, 8, 4, 4, 4, 6), np.random.default_rng(0)
    crops = [random.normal(size=(3, s, s, 1)).astype("float32") for s in sizes]
    passes = []

    def network(x, training):
        passes.append(tuple(x.shape))
        return encoder(x, training=training)

    outputs = at_once(network, crops, training=False)
    assert passes == [(6, 8, 8, 1), (9, 4, 4, 1), (3, 6, 6, 1)]
    single = [encoder(crop) for crop in crops]
    np.testing.assert_allclose(outputs, keras.ops.concatenate(single), atol=1e-5)
