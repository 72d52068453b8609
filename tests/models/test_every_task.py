"""Every public pretext model passes the shared checks."""

from pathlib import Path

import numpy as np
import pytest
import tasks

from kerassl import models, testing
from kerassl.errors import UserError

FACTORIES = {
    "Autoencoder": tasks.autoencoder,
    "BYOL": tasks.byol,
    "CBOW": tasks.cbow,
    "CausalLM": tasks.causal_lm,
    "DeepCluster": tasks.deep_cluster,
    "GAN": tasks.gan,
    "DenoisingSeq2Seq": tasks.denoising_seq2seq,
    "MaskedLM": tasks.masked_lm,
    "MoCo": tasks.moco,
    "SimCLR": tasks.simclr,
    "SimCSE": tasks.simcse,
    "SkipGram": tasks.skip_gram,
}
every_task = pytest.mark.parametrize(
    "factory", FACTORIES.values(), ids=FACTORIES.keys()
)


def test_none_is_left_out():
    public = {
        name
        for name in models.__all__
        if isinstance(cls := getattr(models, name), type)
        and issubclass(cls, models.PretextModel)
    }
    assert public - {"PretextModel"} == set(FACTORIES)


@every_task
def test_one_device(factory, tmp_path):
    make, examples, batch_size = factory()
    testing.check_task(make, examples, batch_size=batch_size, folder=tmp_path)


@every_task
def test_strategies_equal_none(factory, two_replicas):
    make, examples, batch_size = factory()
    testing.check_replicas(
        make, examples, batch_size=batch_size, strategy=[two_replicas, "cpu:1"]
    )


@pytest.mark.parametrize("factory", [tasks.simclr, tasks.simcse, tasks.byol])
def test_one_example_teaches_nothing(factory):
    make, examples, _ = factory()
    with pytest.raises(UserError, match="`batch_size` must be at least 2 for"):
        make().dataset(examples, 1)


@pytest.mark.parametrize(
    "factory, texts",
    [
        (tasks.skip_gram, ["cat", "dog"]),
        (tasks.cbow, ["cat", "dog"]),
        (tasks.masked_lm, ["", " "]),
        (tasks.masked_lm, ["☃" * 200, "☂ ☂"]),
    ],
)
def test_texts_in_which_nothing_is_asked_are_refused(factory, texts):
    make, _, _ = factory()
    with pytest.raises(UserError, match="to learn|at least one text"):
        make().dataset(texts * 20, 4)


@every_task
def test_jax_equals_tensorflow(factory):
    make, examples, batch_size = factory()
    _, losses = testing.trained(make, examples, batch_size=batch_size)
    path = Path(tasks.__file__)
    on_jax = testing.losses_on("jax", f"{path}:{factory.__name__}")
    np.testing.assert_allclose(on_jax, losses, rtol=1e-4)
