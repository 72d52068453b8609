import keras
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread

from kerassl.callbacks import SampleGrid
from kerassl.data import digits
from kerassl.encoders import dense
from kerassl.models import Autoencoder
from kerassl.pretext import Reconstruct


def fit(grid, steps=5, draw=True, start=0):
    task = Autoencoder(dense((8, 8, 1), (8,)), Reconstruct())
    task.compile(keras.optimizers.SGD(1.0))
    task.optimizer.iterations.assign(start)
    if not draw:
        task.draw = lambda inputs: None
    task.fit(
        task.dataset(digits(), 16), steps_per_epoch=steps, callbacks=[grid], verbose=0
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_draws_first_last_and_between(tmp_path):
    examples = digits().fetch(np.arange(4))
    fit(SampleGrid(tmp_path, examples, every=2))
    wanted = [f"step-{step:08d}.png" for step in (0, 2, 4, 5)]
    assert names(tmp_path) == wanted
    first, last = (imread(tmp_path / name) for name in (wanted[0], wanted[-1]))
    assert first.shape == last.shape and not np.array_equal(first, last)


def test_goes_on_counting(tmp_path):
    fit(SampleGrid(tmp_path, digits().fetch(np.arange(2)), every=4), 2, start=6)
    assert names(tmp_path) == ["step-00000008.png"]


def test_a_task_that_draws_nothing_leaves_nothing(tmp_path):
    fit(SampleGrid(tmp_path / "none", digits().fetch(np.arange(2))), draw=False)
    assert not (tmp_path / "none").exists()


def test_the_task_is_asked_for_the_same_examples(tmp_path):
    seen = []

    class Model(keras.Sequential):
        def draw(self, inputs):
            seen.append(inputs)
            return Figure()

    model = Model([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, mine = np.ones((8, 2)), object()
    model.fit(
        x, x[:, :1], batch_size=4, callbacks=[SampleGrid(tmp_path, mine)], verbose=0
    )
    assert [id(inputs) for inputs in seen] == [id(mine)] * 2
    assert names(tmp_path) == ["step-00000000.png", "step-00000002.png"]
