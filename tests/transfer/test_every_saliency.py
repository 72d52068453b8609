"""Of every task there is something that a saliency map can be of."""

import keras
import numpy as np
import pytest
import tasks

from kerassl.data import as_source
from kerassl.transfer import gradient_times_input, saliency_target

# Whose loss is of each example alone, and needs nothing that only a run knows.
ALONE = {
    *("APC", "Autoencoder", "BYOL", "CausalLM", "Colorization"),
    *("DenoisingSeq2Seq", "DINO", "Distillation", "DropPos", "IBOT", "IJEPA"),
    *("MAE", "MaskedLM", "MoCo", "PixelCNN", "Puzzle"),
    *("RecurrentLM", "SimMIM", "SimSiam", "VAE", "VQVAE"),
}


@pytest.mark.parametrize("name", tasks.every())
def test_a_map_depends_on_the_input(name):
    keras.utils.set_random_seed(0)
    make, examples, _ = tasks.every()[name]()
    batch = as_source(examples).fetch(np.arange(2))
    target = saliency_target(make(), batch)
    assert (target.told == "minus the task's loss") == (name.partition("-")[0] in ALONE)
    found = gradient_times_input(target.function, target.x)
    assert found.shape == target.x.shape and np.isfinite(found).all()
    assert np.abs(found).max() > 1e-6
