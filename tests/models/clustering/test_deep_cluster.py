import keras
import numpy as np
import pytest
from drawn import images_in
from keras import ops
from matplotlib.figure import Figure
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import normalized_mutual_info_score

import kerassl
from kerassl import data, testing
from kerassl.callbacks import read_log, restore_checkpoint, save_checkpoint
from kerassl.encoders import resnet
from kerassl.metrics import effective_rank
from kerassl.models.clustering import deep_cluster
from kerassl.models.clustering.deep_cluster import DeepCluster
from kerassl.pretext import RandomView

SIZE = 40


def tiny(
    num_examples=SIZE,
    num_clusters=4,
    widths=(8,),
    crop_scale=(0.4, 1.0),
    kind=DeepCluster,
    **more,
):
    keras.utils.set_random_seed(0)
    encoder = resnet((8, 8, 1), (1,) * len(widths), widths)
    view = RandomView(8, crop_scale, flip_rate=0.0, jit_compile=False)
    options = {"num_examples": num_examples, "num_clusters": num_clusters, **more}
    return kind(encoder, view, **options)


def images(count=SIZE):
    return np.random.default_rng(0).random((count, 8, 8, 1)).astype("float32")


def fitted(steps, batch_size=10, optimizer=None, callbacks=None, **options):
    task = tiny(**options)
    task.compile(optimizer or keras.optimizers.Adam(1e-2))
    dataset = task.dataset(images(), batch_size, seed=3)
    task.fit(dataset, epochs=steps, steps_per_epoch=1, verbose=0, callbacks=callbacks)
    return task


class Watch(keras.callbacks.Callback):
    """Keeps the labels with which each step was made, and the logs."""

    def __init__(self):
        super().__init__()
        self.labels, self.logs = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.labels.append(self.model.labels.numpy().copy())

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(dict(logs))


def test_loss_weights_each_example_by_its_clusters_size():
    task = tiny()
    task.compile("sgd")
    labels = np.array([0] * 25 + [1] * 10 + [2] * 4 + [3])
    task._take(labels, np.random.default_rng(0))
    kernel = np.random.default_rng(1).standard_normal((8, 4))
    task.classifier.kernel.assign(kernel)
    x = {"image": images(), "id": np.arange(SIZE)[::-1]}
    logs = task.evaluate(x, batch_size=SIZE, verbose=0, return_dict=True)
    logits = task.encoder.predict(images(), verbose=0) @ kernel
    own = labels[::-1]
    losses = -log_softmax(logits, axis=1)[np.arange(SIZE), own]
    # Every cluster counts the same, as if clusters were drawn uniformly.
    expected = np.mean([losses[own == k].mean() for k in range(4)])
    np.testing.assert_allclose(logs["loss"], expected, rtol=1e-4)
    told = np.mean(logits.argmax(axis=1) == own)
    np.testing.assert_allclose(logs["cluster_accuracy"], told, rtol=1e-5)


class Read(DeepCluster):
    """Keeps the ids of the batches that are trained on."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = []

    def propagate(self, x, training):
        self.seen.append(ops.convert_to_numpy(x["id"]))
        return super().propagate(x, training)


def read(steps, batch_size=10, start=0, task=None, **options):
    """Returns a task that was trained step by step, in no graph."""
    if task is None:
        task = tiny(kind=Read, **options)
        task.compile("sgd", run_eagerly=True)
    dataset = task.dataset(images(), batch_size, seed=3, start=start)
    watch = Watch()
    task.fit(dataset, epochs=steps, steps_per_epoch=1, verbose=0, callbacks=[watch])
    return task, watch


def test_each_pass_draws_all_clusters_alike():
    task, watch = read(9)  # four steps a pass
    passes = [np.concatenate(task.seen[start : start + 4]) for start in (0, 4)]
    for ids, labels in zip(passes, (watch.labels[0], watch.labels[4]), strict=True):
        assert len(ids) == SIZE
        np.testing.assert_array_equal(np.bincount(labels[ids]), [10] * 4)
        for k in range(4):
            members = np.flatnonzero(labels == k)
            most = np.bincount(ids, minlength=SIZE)[members].max()
            assert most > 1 or len(members) >= 10
    assert not np.array_equal(*passes)


def test_the_images_are_those_of_the_ids():
    task = tiny(crop_scale=None)
    task.compile("sgd")
    task.recluster(data.as_source(images()), seed=3)
    dataset = task.dataset(images(), 10, seed=3)
    (x,) = next(iter(task._drawn_batches(dataset, 5)))
    assert x["id"].dtype == "int64" and x["image"].shape == (10, 8, 8, 1)
    assert len(set(x["id"].numpy())) > 5
    np.testing.assert_allclose(x["image"], images()[x["id"]], atol=1e-5)


def test_weights_draw_each_example_once():
    task, _ = read(4, uniform_sampling=False)
    np.testing.assert_array_equal(np.sort(np.concatenate(task.seen)), np.arange(SIZE))


def test_what_is_drawn_goes_on_within_a_pass():
    whole, _ = read(7)
    part, _ = read(2)
    part, _ = read(3, start=2, task=part)
    part, _ = read(2, start=5, task=part)
    np.testing.assert_array_equal(part.seen, whole.seen)


def test_outside_of_fit_a_train_step_reads_what_it_is_given():
    task, _ = read(1)
    x = {"image": images()[:5], "id": np.arange(5)}
    task.train_on_batch(x)
    np.testing.assert_array_equal(task.seen[-1], np.arange(5))


def test_a_task_of_an_earlier_version_weights():
    config = tiny().get_config()
    assert config.pop("uniform_sampling") is True
    assert DeepCluster.from_config(config).uniform_sampling is False


def test_training_counts_all_drawn_examples_alike():
    task = tiny()
    outputs = {"logits": np.zeros((3, 4)), "label": np.arange(3), "size": np.ones(3)}
    drawn = task.objective(None, None, outputs, training=True)["deep_cluster"]
    np.testing.assert_allclose(drawn, np.log(4), rtol=1e-6)
    _, weights = task.objective(None, None, outputs, training=False)["deep_cluster"]
    np.testing.assert_allclose(weights, 10.0)


def test_each_pass_has_its_own_clusters():
    watch = Watch()
    fitted(10, callbacks=[watch])  # four steps a pass
    labels, logs = watch.labels, watch.logs
    for step in range(10):
        np.testing.assert_array_equal(labels[step], labels[step // 4 * 4])
    assert set(labels[0]) == {0, 1, 2, 3}
    assert not np.array_equal(labels[0], labels[4])
    assert "cluster_nmi" not in logs[3]
    expected = normalized_mutual_info_score(
        labels[0], labels[4], average_method="geometric"
    )
    for row in logs[4:8]:
        np.testing.assert_allclose(row["cluster_nmi"], expected, rtol=1e-6)
    for step, row in enumerate(logs):
        sizes = np.bincount(labels[step])
        assert row["smallest_cluster"] == sizes.min()
        assert row["largest_cluster"] == sizes.max()


def test_a_pass_is_counted_in_steps_over_all_calls_of_fit():
    watch = Watch()
    task = tiny()
    task.compile("sgd")
    for start in (0, 3, 6):
        dataset = task.dataset(images(), 10, seed=3, start=start)
        task.fit(dataset, steps_per_epoch=3, verbose=0, callbacks=[watch])
    other = Watch()
    fitted(9, optimizer="sgd", callbacks=[other])
    np.testing.assert_array_equal(watch.labels, other.labels)


def test_weights_without_labels_are_clustered_within_a_pass_too():
    task = fitted(3)
    task.cluster_sizes.assign(np.zeros(4))  # as of a task that has no labels
    task.labels.assign(np.zeros(SIZE))
    watch = Watch()
    dataset = task.dataset(images(), 10, seed=3, start=3)
    task.fit(dataset, steps_per_epoch=1, verbose=0, callbacks=watch)
    assert set(watch.labels[0]) == {0, 1, 2, 3}
    assert "cluster_nmi" not in watch.logs[0]


def test_the_clusters_are_those_of_clean_features():
    task = fitted(5)
    seen = {}

    def watched(features, *rest):
        seen["features"] = features
        return np.arange(SIZE) % 4

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deep_cluster, "cluster", watched)
        task.recluster(data.as_source(images()))
    expected = task.encoder.predict(task.pretext.prepare(images()), verbose=0)
    np.testing.assert_allclose(seen["features"], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(task.labels.numpy(), np.arange(SIZE) % 4)
    assert task.cluster_sizes.numpy().tolist() == [10] * 4


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.optimizers.Adam(0.01),
        keras.optimizers.Adagrad(0.1),
        keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)),
    ],
    ids=["momentum", "adam", "adagrad", "scaled"],
)
def test_the_classifier_begins_anew_with_its_optimizer_state(optimizer):
    task = fitted(4, optimizer=optimizer)
    variables = {v.path: v.numpy().copy() for v in task.optimizer.variables}
    encoder = [v.numpy() for v in task.encoder.variables]
    trained = task.classifier.kernel.numpy()
    task.recluster(data.as_source(images()), seed=3)
    assert np.abs(task.classifier.kernel.numpy()).max() < 0.06  # of a deviation 0.01
    assert not np.allclose(task.classifier.kernel.numpy(), trained)
    assert not task.classifier.bias.numpy().any()
    for before, now in zip(encoder, task.encoder.variables, strict=True):
        np.testing.assert_array_equal(now.numpy(), before)
    inner = getattr(task.optimizer, "inner_optimizer", task.optimizer)
    first = getattr(inner, "initial_accumulator_value", 0.0)
    for variable in task.optimizer.variables:
        if "cluster_classifier" in variable.path:
            assert np.any(variables[variable.path] != first), variable.path
            np.testing.assert_allclose(variable.numpy(), first)
        else:
            np.testing.assert_array_equal(variable.numpy(), variables[variable.path])


def test_a_run_goes_on_within_a_pass_bit_for_bit(tmp_path):
    whole = fitted(7)
    part = fitted(6)  # two steps into the second pass
    save_checkpoint(part, tmp_path / "step.npz")
    again = tiny()
    again.encoder.set_weights([w + 1 for w in again.encoder.get_weights()])
    again.compile(keras.optimizers.Adam(1e-2))
    restore_checkpoint(again, tmp_path / "step.npz")
    watch = Watch()
    dataset = again.dataset(images(), 10, seed=3, start=6)
    again.fit(dataset, steps_per_epoch=1, verbose=0, callbacks=[watch])
    np.testing.assert_array_equal(watch.labels[0], part.labels.numpy())
    assert 0 <= watch.logs[0]["cluster_nmi"] <= 1
    testing.assert_same_weights(whole, again)


def test_a_loaded_task_clusters_as_the_saved_one(tmp_path):
    task = fitted(4)  # the next step begins a pass
    task.save(tmp_path / "task.keras")
    loaded = keras.saving.load_model(tmp_path / "task.keras")
    testing.assert_same_weights(task, loaded)
    for each in (task, loaded):
        dataset = each.dataset(images(), 10, seed=3, start=4)
        each.fit(dataset, steps_per_epoch=2, verbose=0)
    testing.assert_same_weights(task, loaded)
    for one, two in zip(
        task.optimizer.variables, loaded.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_two_replicas_find_the_same_clusters(two_replicas):
    # Three passes: the later clusters are of trained features.
    one, labels = Watch(), Watch()
    fitted(5, batch_size=20, optimizer="sgd", callbacks=[one])
    with two_replicas.scope():
        task = tiny()
    task.compile("sgd")
    dataset = task.dataset(images(), 20, seed=3)
    task.fit(dataset, epochs=5, steps_per_epoch=1, verbose=0, callbacks=[labels])
    np.testing.assert_array_equal(one.labels, labels.labels)
    for variable in (task.labels, task.classifier.kernel):
        first, second = two_replicas.experimental_local_results(variable.value)
        np.testing.assert_array_equal(first, second)


def test_picture_shows_members_of_the_told_cluster():
    assert tiny().draw(images(3)) is None
    task = fitted(4)
    figure = task.draw(images()[:3])
    assert isinstance(figure, Figure) and images_in(figure) == 3 * 10
    told = task._network.predict(images()[:3], verbose=0).argmax(axis=1)
    member = np.flatnonzero(task.labels.numpy() == told[0])[0]
    drawn = figure.axes[1].images[0].get_array()
    np.testing.assert_allclose(drawn, images()[member, ..., 0], atol=1e-6)


def test_errors():
    with pytest.raises(ValueError, match="`num_examples` must.*num_examples=1"):
        tiny(num_examples=1)
    with pytest.raises(ValueError, match="`num_clusters` must.*num_clusters=41"):
        tiny(num_clusters=41)
    with pytest.raises(ValueError, match="`pca_dim` must.*pca_dim=0"):
        tiny(pca_dim=0)
    with pytest.raises(TypeError, match="`uniform_sampling` must.*'yes'"):
        tiny(uniform_sampling="yes")
    task = tiny()
    with pytest.raises(ValueError, match="`num_examples` is 40, but there are 39"):
        task.dataset(images(39), 10)
    task.compile("sgd")
    x = {"image": images(), "id": np.arange(SIZE)}
    with pytest.raises(ValueError, match="`x` must be a dataset.*Received: dict"):
        task.fit(x)
    with pytest.raises(ValueError, match="no clusters yet"):
        task.evaluate(x)
    task.encoder.set_weights([w * np.nan for w in task.encoder.get_weights()])
    with pytest.raises(ValueError, match="features are not finite"):
        task.recluster(data.as_source(images()))
    task.compile("sgd", steps_per_execution=2)
    with pytest.raises(ValueError, match="`steps_per_execution` must be 1"):
        task.fit(task.dataset(images(), 10))


@pytest.mark.quality
def test_learns_features_of_digits_that_beat_random_ones():
    train, test = data.digits(), data.digits("test")
    # Ten labels a class are enough where the features are good.
    few = np.concatenate([np.flatnonzero(train.labels == k)[:10] for k in range(10)])

    def features(task, source, indices):
        return task.features(task.pretext.prepare(source.fetch(indices)).numpy())

    def accuracy(task):
        known = features(task, train, few)
        unknown = features(task, test, range(len(test)))
        mean, std = known.mean(0), known.std(0) + 1e-6
        probe = LogisticRegression(C=0.1, max_iter=500)
        probe.fit((known - mean) / std, train.labels[few])
        return probe.score((unknown - mean) / std, test.labels)

    task = tiny(len(train), 60, widths=(16, 32), crop_scale=(0.7, 1.0))
    before = accuracy(task)
    task.compile(keras.optimizers.Adam(1e-2))
    task.fit(task.dataset(train, 64, seed=0), epochs=12, verbose=0)
    assert accuracy(task) > before + 0.15
    assert effective_rank(features(task, test, range(len(test)))) > 5


def test_pretrain_knows_the_number_of_examples_and_logs_the_clusters(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (30, 28, 28, 1))
    run = kerassl.pretrain(
        "deep_cluster_fashion",
        pictures.astype("uint8"),
        out=tmp_path / "run",
        steps=5,
        batch_size=10,
        overrides={"model.num_clusters": 3, "encoder.widths": [4, 4, 4, 4]},
        evaluate=False,
        progress=False,
    )
    assert run.task.num_examples == 30
    rows = read_log(tmp_path / "run" / "history.jsonl")
    assert [("cluster_nmi" in row) for row in rows] == [False] * 3 + [True] * 2
    assert sum(run.task.cluster_sizes.numpy()) == 30
    assert (tmp_path / "run" / "pictures" / "step-00000005.png").is_file()
