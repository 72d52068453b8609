"""DeepCluster: learning to predict the k-means clusters of one's own features."""

from typing import ClassVar

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import MOST_INTEGER, is_integer
from kerassl.data.dataset import prepared_batches
from kerassl.data.drawn import drawn_dataset
from kerassl.data.subset import Subset
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidType, InvalidValue
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked, with_head
from kerassl.ops.even_draws import even_draws
from kerassl.ops.k_means import cluster

FEATURE_BATCH = 256
# Standard deviation of the classifier's weights after each clustering, as in the
# authors' code.
CLASSIFIER_STD = 0.01
# Examples of a cluster that a picture shows.
DRAWN_MEMBERS = 9
# In the place of a mutual information that there is none of.
_NONE = -1.0


@keras.saving.register_keras_serializable(package="kerassl")
class DeepCluster(PretextModel):
    """Learns representations by predicting the clusters of its own features.

    At the beginning of each pass over the data `fit` clusters the features of
    all examples: clean inputs, the encoder in inference mode, PCA, whitening,
    length 1, k-means. The cluster of an example is then its label for a pass,
    in which the encoder and a linear classifier are trained on random views.
    The numbers of the clusters mean nothing, so each clustering also makes the
    classifier anew, with the optimizer's state for it.

    The labels are a variable, indexed by the example's position in the data,
    and are saved with the weights. So a run that is stopped within a pass goes
    on with the same labels. A pass is `dataset.steps_per_epoch` steps, counted
    by the optimizer, whatever `fit` calls an epoch. All randomness comes from
    the seed of `dataset` and the step.

    Two trivial solutions are kept away as in the paper. An empty cluster gets
    a part of another one. And large clusters do not dominate: in a pass `fit` draws
    as many examples of every cluster, some of small ones several times, in batches
    that are a function of the labels, the seed and the step, so a run that is killed
    goes on with the same ones. Or, which the paper calls equivalent, a pass holds
    each example once and weights it by the inverse of its cluster's size
    (`uniform_sampling=False`), as `evaluate` always does.

    The features of all examples are in memory while they are clustered, and
    every replica must be in one process.

    Departures from the paper: no Sobel filter (put one into the pretext layer
    or the encoder for colour images); the features that are clustered are the
    encoder's own, and the classifier is one layer on them, without dropout.

    Args:
        encoder: A functional `keras.Model` from images to a vector, a feature
            map or tokens, which are averaged.
        pretext: A pretext layer that gives `({"image": ...},)`, such as
            `kerassl.pretext.RandomView`.
        num_examples: Examples in the data, the length of the labels.
            `kerassl.pretrain` sets it.
        num_clusters: The paper's k, from 2 to `num_examples`. It found about
            ten times as many clusters as classes best.
        pca_dim: Dimensions that PCA keeps at most before the clustering.
        pooling: How features become one vector, as in `kerassl.encoders.pool`.
        uniform_sampling: Whether clusters are drawn uniformly, and then their
            examples; else examples are weighted. Tasks and runs of versions before
            this argument go on with weights.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Attributes:
        classifier: The dense layer from features to clusters.
        labels: Integer variable (num_examples,), each example's cluster.
        cluster_sizes: Integer variable (num_clusters,), all 0 before the first
            clustering.
        nmi: Float variable, `cluster_nmi` under "Logs"; -1 before the second
            clustering.

    Input:
        `{"image": images, "id": ids}`: images as the encoder takes them, and
        each one's position in the data.

    Output:
        Dict: `"logits"`, float (batch, num_clusters); `"label"`, integer
        (batch,), each image's cluster; `"size"`, integer (batch,), how many
        examples that cluster has.

    Logs:
        loss: Cross-entropy in nats, every cluster alike, whatever its size;
            log(num_clusters) where nothing is learnt.
        cluster_accuracy: Share of views whose cluster is told rightly.
        cluster_nmi: How far the labels agree with those of the pass before:
            normalised mutual information, 0 to 1, where the clusters are the
            same. It rises as they settle. From the second pass on.
        smallest_cluster: Examples in the smallest cluster.
        largest_cluster: Examples in the largest cluster.

        `fit` logs the last three at the end of its epochs.

    Raises:
        ValueError: If `num_examples` or `num_clusters` is out of its range or
            the encoder is not functional.
        TypeError: If `uniform_sampling` is no boolean.

    Example:
        >>> from kerassl.encoders import resnet
        >>> from kerassl.pretext import RandomView
        >>> encoder = resnet((8, 8, 1), depths=(1,), widths=(8,))
        >>> view = RandomView(8, jit_compile=False)
        >>> task = DeepCluster(encoder, view, num_examples=32, num_clusters=4)
        >>> task.compile("adam")
        >>> images = np.random.default_rng(0).random((32, 8, 8, 1))
        >>> data = task.dataset(images, batch_size=8)
        >>> history = task.fit(data, epochs=2, verbose=0)
        >>> len(task.labels.numpy()), int(sum(task.cluster_sizes.numpy()))
        (32, 32)

    Reference:
        Caron et al., 2018, https://arxiv.org/abs/1807.05520
    """

    tracked = ("cluster_accuracy",)
    can_collapse = True
    run_arguments = {"num_examples": "examples"}
    reads = ("id",)
    formerly: ClassVar[dict] = {"uniform_sampling": False}

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        num_examples: int,
        num_clusters: int = 10_000,
        pca_dim: int | None = 256,
        pooling: str = "auto",
        uniform_sampling: bool = True,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        if not isinstance(uniform_sampling, bool):
            raise InvalidType(
                "`uniform_sampling` must be True or False. "
                f"Received: uniform_sampling={uniform_sampling!r}"
            )
        if not is_integer(num_examples, 2, MOST_INTEGER):
            raise InvalidValue(
                "`num_examples` must be an integer >= 2, the number of examples in "
                f"the data. Received: num_examples={num_examples!r}"
            )
        if not is_integer(num_clusters, 2, num_examples):
            raise InvalidValue(
                f"`num_clusters` must be an integer from 2 to {num_examples}, the "
                f"number of examples. Received: num_clusters={num_clusters!r}"
            )
        if pca_dim is not None and not is_integer(pca_dim, 1, MOST_INTEGER):
            raise InvalidValue(
                "`pca_dim` must be a positive integer or None. "
                f"Received: pca_dim={pca_dim!r}"
            )
        self.num_examples = num_examples
        self.num_clusters = num_clusters
        self.pca_dim = pca_dim
        self.pooling = pooling
        self.uniform_sampling = uniform_sampling
        self.classifier = keras.layers.Dense(
            num_clusters, dtype=head_policy(encoder), name="cluster_classifier"
        )
        keep_untracked(
            self,
            _features=feature_model(encoder, pooling),
            _network=with_head(encoder, self.classifier, pooling),
            _source=None,
        )
        state = {"initializer": "zeros", "trainable": False}
        self.labels = self.add_weight(
            (num_examples,), dtype="int", name="labels", **state
        )
        self.cluster_sizes = self.add_weight(
            (num_clusters,), dtype="int", name="cluster_sizes", **state
        )
        unknown = keras.initializers.Constant(_NONE)
        self.nmi = self.add_weight((), unknown, trainable=False, name="nmi")
        self.built = True

    @property
    def is_clustered(self):
        """Whether the examples have labels."""
        return bool(ops.convert_to_numpy(self.cluster_sizes).any())

    def cluster_measures(self):
        """Returns what `fit` logs of the clusters, a dict of floats by name."""
        sizes = ops.convert_to_numpy(self.cluster_sizes)
        nmi = float(ops.convert_to_numpy(self.nmi))
        return {
            **({} if nmi == _NONE else {"cluster_nmi": nmi}),
            "smallest_cluster": float(sizes.min()),
            "largest_cluster": float(sizes.max()),
        }

    def dataset(self, examples, batch_size, seed=0, start=0):
        dataset = super().dataset(examples, batch_size, seed=seed, start=start)
        self._check_length(dataset.source)
        return dataset

    def recluster(self, source, seed=0):
        """Gives every example a cluster, as `fit` does in each pass.

        A function of the weights, the data, the seed and the optimizer's step.

        Args:
            source: A `kerassl.data.Source` of all examples.
            seed: Integer, the run's seed.

        Raises:
            ValueError: If `source` has not `num_examples` examples, or the
                features are not finite.
        """
        self._check_length(source)
        distribute.read_state(self)
        features = self._clean_features(source)
        if not np.isfinite(features).all():
            raise InvalidValue(
                "The features are not finite, so they cannot be clustered: training "
                "has diverged. Lower the learning rate or clip gradients."
            )
        step = distribute.steps_done(self)
        random = np.random.default_rng([seed % 2**64, step])
        labels = cluster(features, self.num_clusters, self.pca_dim, random)
        self._take(labels, random)

    def own_callbacks(self, x):
        """Returns the callback that clusters before each pass.

        Args:
            x: A dataset of `dataset`: to cluster, all examples must be read.

        Raises:
            ValueError: If it is none.
        """
        if not hasattr(x, "source"):
            raise InvalidValue(
                "`x` must be a dataset that `task.dataset(...)` made, or raw examples, "
                f"since all are clustered. Received: {type(x).__name__}"
            )
        if self.steps_per_execution != 1:
            raise InvalidValue(
                "`steps_per_execution` must be 1, since labels change between steps. "
                f"Received: {self.steps_per_execution}"
            )
        keep_untracked(self, _source=x.source)
        return [_ClusterEachPass(x)]

    def fit(self, *args, **kwargs):
        """Trains as `PretextModel.fit` does, on clusters made anew in each pass."""
        try:
            return super().fit(*args, **kwargs)
        finally:
            if self.train_function is not None:
                self.train_function.batches = None

    def make_train_function(self, force=False):
        super().make_train_function(force)
        if not isinstance(self.train_function, distribute.ReplacedBatches):
            self.train_function = distribute.ReplacedBatches(self.train_function)

    def evaluate(self, x=None, *args, **kwargs):
        """Evaluates as `keras.Model.evaluate` does, on the labels there are."""
        if not self.is_clustered:
            raise InvalidValue(
                "The examples have no clusters yet: call `fit` or `recluster` first."
            )
        return super().evaluate(x, *args, **kwargs)

    def propagate(self, x, training):
        labels = ops.take(self.labels.value, x["id"])
        return {
            "logits": self._network(x["image"], training=training),
            "label": labels,
            "size": ops.take(self.cluster_sizes.value, labels),
        }

    def objective(self, x, y, outputs, training):
        loss = ops.sparse_categorical_crossentropy(
            outputs["label"], outputs["logits"], from_logits=True
        )
        if training and self.uniform_sampling:
            return {"deep_cluster": loss}
        sizes = ops.maximum(ops.cast(outputs["size"], "float32"), 1.0)
        # 1 where all clusters are of one size.
        return {"deep_cluster": (loss, self.num_examples / self.num_clusters / sizes)}

    def measures(self, x, y, outputs):
        told = ops.cast(ops.argmax(outputs["logits"], axis=-1), outputs["label"].dtype)
        return {"cluster_accuracy": ops.equal(told, outputs["label"])}

    def draw(self, inputs):
        """Returns a figure: images, and beside each what shares its cluster.

        Args:
            inputs: Raw images. Their cluster is the one that the classifier
                tells; of its examples the first ones are drawn.

        Returns:
            `matplotlib.figure.Figure`, or None before `fit` has clustered.
        """
        from kerassl.pictures import image_grid

        if self._source is None or not self.is_clustered:
            return None
        distribute.read_state(self)
        images = self.pretext.prepare(inputs).numpy()
        told = np.argmax(self._network.predict(images, verbose=0), axis=-1)
        labels = ops.convert_to_numpy(self.labels)
        rows = np.zeros((len(images), DRAWN_MEMBERS, *images.shape[1:]), images.dtype)
        for row, number in zip(rows, told, strict=True):
            members = np.flatnonzero(labels == number)[:DRAWN_MEMBERS]
            if len(members):
                row[: len(members)] = self.pretext.prepare(self._source.fetch(members))
        columns = [images, *np.moveaxis(rows, 1, 0)]
        return image_grid(
            columns, titles=["image", "its cluster", *[""] * (DRAWN_MEMBERS - 1)]
        )

    def view(self, x):
        return x["image"]

    def get_config(self):
        return {
            **super().get_config(),
            "num_examples": self.num_examples,
            "num_clusters": self.num_clusters,
            "pca_dim": self.pca_dim,
            "pooling": self.pooling,
            "uniform_sampling": self.uniform_sampling,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return super().from_config({**cls.formerly, **config}, custom_objects)

    def _read_pass(self, dataset, step):
        """Lets the train function read the batches of a pass, from a step on."""
        batches = self._drawn_batches(dataset, step)
        self.train_function.batches = distribute.batch_iterator(self, batches)

    def _drawn_batches(self, dataset, step):
        distribute.read_state(self)
        source, seed = dataset.source, dataset.seed
        number = step // dataset.steps_per_epoch
        labels = ops.convert_to_numpy(self.labels)
        drawn = even_draws(labels, len(source), [seed % 2**64, number])
        return drawn_dataset(
            source,
            drawn,
            self.pretext,
            batch_size=_batch_size(dataset),
            seed=seed,
            start=step,
            reads=self.reads,
        )

    def _check_length(self, source):
        if len(source) != self.num_examples:
            raise InvalidValue(
                f"`num_examples` is {self.num_examples}, but there are {len(source)} "
                f"{source.unit}. Make the task with `num_examples={len(source)}`."
            )

    def _clean_features(self, source):
        # The last batch is filled up: a part of it would leave a replica empty.
        filled = -(-len(source) // FEATURE_BATCH) * FEATURE_BATCH
        whole = Subset(source, np.arange(filled) % len(source))
        batches = prepared_batches(whole, self.pretext, FEATURE_BATCH)
        return self._features.predict(batches, verbose=0)[: len(source)]

    def _take(self, labels, random):
        """Makes these the labels, and the classifier new."""
        from sklearn.metrics import normalized_mutual_info_score

        nmi = _NONE
        if self.is_clustered:
            nmi = normalized_mutual_info_score(
                ops.convert_to_numpy(self.labels), labels, average_method="geometric"
            )
        # NumPy's numbers are the same on every backend.
        kernel = CLASSIFIER_STD * random.standard_normal(self.classifier.kernel.shape)
        with distribute.scope_of(self):
            self.nmi.assign(nmi)
            self.labels.assign(labels)
            self.cluster_sizes.assign(np.bincount(labels, minlength=self.num_clusters))
            self.classifier.kernel.assign(kernel)
            self.classifier.bias.assign(np.zeros(self.num_clusters))
            _forget(self.optimizer, self.classifier.trainable_variables)


class _ClusterEachPass(keras.callbacks.Callback):
    """Clusters all examples before the first step of each pass, and draws its batches.

    Args:
        dataset: What `fit` trains on.
    """

    def __init__(self, dataset):
        super().__init__()
        self.dataset = dataset
        self.step = 0
        self.measures: dict[str, float] = {}
        self.drawn = False

    def on_train_begin(self, logs=None):
        """Starts to count at the model's step."""
        self.step = distribute.steps_done(self.model)
        if self.model.is_clustered:
            self.measures = self.model.cluster_measures()

    def on_train_batch_begin(self, batch, logs=None):
        """Clusters when it is time."""
        # Without measures no pass was clustered yet, whatever the step.
        if not self.measures or self.step % self.dataset.steps_per_epoch == 0:
            self.model.recluster(self.dataset.source, self.dataset.seed)
            self.measures = self.model.cluster_measures()
            self.drawn = False
        if self.model.uniform_sampling and not self.drawn:
            self.model._read_pass(self.dataset, self.step)
            self.drawn = True

    def on_train_batch_end(self, batch, logs=None):
        """Counts the step."""
        self.step += 1

    def on_epoch_end(self, epoch, logs=None):
        """Adds the measures to the logs."""
        if logs is not None:
            logs.update(self.measures)


def _batch_size(dataset):
    """Returns how many examples the batches of a dataset hold."""
    return keras.tree.flatten(dataset.element_spec)[0].shape[0]


def _forget(optimizer, variables):
    """Gives what an optimizer keeps of these variables its first values."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    new = type(optimizer).from_config(optimizer.get_config())
    new.build(variables)
    first = {v.path: v for v in new.variables}
    for path in ("iteration", "learning_rate"):
        first.pop(f"{optimizer.name}/{path}", None)
    for variable in optimizer.variables:
        if variable.path in first:
            variable.assign(first[variable.path].value)
