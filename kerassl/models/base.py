"""The base class of every pretext model: forward, objective, one train step."""

import copy
import inspect

import keras
import numpy as np
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer, check_positive_integers
from kerassl.data.conversion import as_source
from kerassl.data.dataset import (
    check_fits,
    is_endless,
    prepared_batches,
    pretext_dataset,
)
from kerassl.data.dataset import steps_per_epoch as known_steps
from kerassl.encoders.applications import check_encoder
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.models.feeding import one_pass, training_data
from kerassl.models.own_views import as_views
from kerassl.models.token_sizes import check_token_sizes
from kerassl.progress import track

# So many of the first batches may be without a weight before the data are refused:
# where one batch in ten has one, all are without it in 1 of 40,000 data sets.
WEIGHED_BATCHES = 100


class PretextModel(distribute.Trainer):
    """Trains an encoder on a pretext task.

    A subclass builds its layers in `__init__` and writes two methods:

    - `propagate(x, training)`: the forward pass.
    - `objective(x, y, outputs, training)`: a dict of named terms. A term is
      one value per example of this replica's batch (a tensor of any rank), or
      a pair (values, weights), or one scalar that is equal on every replica,
      such as a statistic of gathered tensors.

    The base class reduces each term as `sum(values * weights)` over all
    replicas divided by `sum(weights)` over all replicas, and adds the terms.
    Loss and gradients therefore do not depend on how a batch is cut into
    replicas. Non-gradient state (a teacher, a queue) is a non-trainable
    variable that `propagate` or `objective` assigns when `training`, with the
    same value on every replica.

    `compile`, `fit`, `evaluate`, `predict` and `save` are Keras's. What Keras
    refuses or gets wrong under `tf.distribute` works: gradient accumulation,
    clipping, weight averaging, float16. A model with several players (see
    `players`) takes a dict of optimizers.

    Args:
        encoder: A `keras.Model` from prepared inputs to features. It is the
            product: after training use `task.encoder` as any Keras model.
        pretext: A `PretextLayer` that makes training examples of raw ones.
        name: Model name.
        **kwargs: Further arguments of `keras.Model`. The dtype is float32
            whatever the encoder's policy: losses and moving averages need it.

    Attributes:
        tracked: Names of the measures that `measures` returns.
        can_collapse: Whether the same features for all examples would satisfy
            the loss, or nearly, so that a run should warn of it. A task that
            restores its input cannot do so.
        simultaneous: Whether the gradients of all players are taken at the
            same weights and then applied, rather than player by player.
        views: Names of the inputs that are views of an example, of a task to which
            a pair of one's own may be given instead of examples.
        reads: What the task reads beside what its pretext layer makes, some of
            "id" (each example's position in the data, `x["id"]`, for a task that
            keeps something of its own for every example), "label" (`x["label"]`, each
            example's class, which the data must then have), "seed" (`x["seed"]`, one
            for each example, for `kerassl.ops.uniform`), "step" (`x["step"]`, the
            batch's number for every example, for a schedule: the same on every
            replica and after a resume) and "weight" (of a pretext layer that gives
            `(x, y, sample_weight)`: `objective` and `measures` then find the pair
            (y, sample_weight) in `y`).
        run_arguments: Dict from an argument of the constructor to what a run
            knows and gives it: "steps" (of the run), "examples" (trained on) or
            "batches_in_pass". A preset then need not name these.
        least_examples: Examples that a batch must hold for the loss to teach
            anything: 2 where an example is told from the others of its batch.
        default_measures: What a report measures where no preset lists it: names of
            measures in `kerassl.transfer`, or measures of your own.
        generates: What the method `sample` of the task gives, in the plural, such as
            "images"; empty where it makes nothing. The names of that method's
            arguments are what `kerassl generate` takes for the task: "prompts" or
            "examples", "count", "seed", "length" and so on. It returns dicts of one
            row each, or an array of examples.
        compares_examples: Whether an example's loss changes with the number of
            the others in its batch. `evaluate` then takes whole batches only.
        baselines: Dict from a name of `tracked` that is the loss of a guess without
            any network to what that guess is, in words.
        views_by_dropout: Whether two views of an example differ by dropout alone
            (see `view`).
    """

    tracked: tuple[str, ...] = ()
    can_collapse = False
    simultaneous = False
    views: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    run_arguments: dict[str, str] = {}
    least_examples = 1
    compares_examples = False
    default_measures: tuple = ("classification", "views", "pretext")
    generates = ""
    baselines: dict[str, str] = {}
    views_by_dropout = False
    _unread: frozenset = frozenset()

    def __init__(self, encoder, pretext=None, *, name=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(name=name, **kwargs)
        check_encoder(encoder, pretext)
        self.encoder = encoder
        self.pretext = pretext
        self._trackers = [keras.metrics.Mean(name=name) for name in self.tracked]

    def leave_unread(self, outputs):
        """Keeps what these outputs do not depend on out of training.

        An encoder may have more than a loss reads: BERT's pooler, where the
        loss is over the tokens. It has no gradient, and weight decay would
        wear it away before fine-tuning needs it.

        Args:
            outputs: The outputs of the functional `encoder` that the loss
                reads, symbolic.
        """
        read = keras.Model(self.encoder.input, outputs).trainable_variables
        read = {id(variable) for variable in read}
        every = {id(variable) for variable in self.encoder.trainable_variables}
        self._unread = frozenset(every - read)

    @property
    def trainable_variables(self):
        found = super().trainable_variables
        return [v for v in found if id(v) not in self._unread]

    @property
    def non_trainable_variables(self):
        unread = [v for v in super().trainable_variables if id(v) in self._unread]
        return [*super().non_trainable_variables, *unread]

    @property
    def trainable_weights(self):
        # What Keras gives an optimizer that averages weights, when `fit` ends.
        return [v for v in super().trainable_weights if id(v) not in self._unread]

    @property
    def non_trainable_weights(self):
        unread = [v for v in super().trainable_weights if id(v) in self._unread]
        return [*super().non_trainable_weights, *unread]

    # --- What a task writes ---

    def propagate(self, x, training):
        """Returns the outputs of the forward pass, any structure of tensors."""
        raise NotImplementedError(f"{type(self).__name__} must implement `propagate`.")

    def objective(self, x, y, outputs, training):
        """Returns the dict of loss terms, or a dict of such dicts by player."""
        raise NotImplementedError(f"{type(self).__name__} must implement `objective`.")

    def measures(self, x, y, outputs):
        """Returns a value, or a pair (values, weights), for each name in `tracked`."""
        return {}

    def weights_of(self, x, y):
        """Returns what weighs a batch's terms, None where all examples count alike.

        `dataset` asks it whether there is anything to learn: masks may be empty,
        and words may have no others beside them.

        Args:
            x: As for `objective`.
            y: As for `objective`.
        """
        return y[1] if "weight" in self.reads else None

    def loss_at_chance(self, batch_size):
        """Returns the loss where nothing is learnt, None where it is not known.

        Args:
            batch_size: Examples in the batch.
        """
        return None

    def view(self, x):
        """Returns what the encoder takes of a view of each example, or None.

        Such views should have like features. Two of an example come from two seeds
        of the pretext layer. By default it is the input `"view1"`, if there is one.

        Args:
            x: As for `propagate`.
        """
        return x.get("view1") if isinstance(x, dict) else None

    def encoders(self):
        """Returns what a run keeps of the task, encoders by the names of their files.

        One, the default, is "encoder". A task that trains several, such as one for
        images and one for texts, names the others too, each ending in "encoder".
        """
        return {"encoder": self.encoder}

    def players(self):
        """Returns the trainable variables of each player, in training order.

        One player, the default, is plain training. With several, `compile`
        takes one optimizer for each, `objective` returns the terms of each,
        and a step updates them in turn, each after a forward pass that sees
        the updates before it. Where `simultaneous` is set, all gradients are
        taken before the first update.

        The first player is updated in every step, and `measures` reads the
        outputs of its forward pass. The logged loss is the sum over the
        players that the step updated.
        """
        return {"model": self.trainable_variables}

    def steps_per_update(self):
        """Returns {player: k} for players that only every k-th step updates.

        Nothing of such a player is computed in the other steps, and its
        optimizer's state and count stay as they are. A player that is left
        out is updated in every step.
        """
        return {}

    def propagate_for(self, player, x, training):
        """Returns the outputs that the objective of one player reads.

        By default those of the whole forward pass. Write it together with
        `objective_for` where a player's loss needs less.
        """
        return self.propagate(x, training)

    def objective_for(self, player, x, y, outputs, training):
        """Returns the dict of one player's loss terms."""
        terms = self.objective(x, y, outputs, training)
        return terms[player] if len(self.players()) > 1 else terms

    # --- The data ---

    def dataset(self, examples, batch_size, seed=0, start=0):
        """Returns the training batches of this task over raw examples.

        The n-th batch is a function of (seed, n) alone: each pass over the
        data is another permutation, and each batch draws its own masks or
        views. A pass is the whole batches that there are examples for, so no
        batch holds an example twice; what is left over is another part of the
        data in each pass. The dataset never ends; `fit` knows how many batches
        make one epoch. Start it at batch n to go on where a run stopped.

        Args:
            examples: An array, a list of strings, a dict of arrays, a path or
                glob, a `kerassl.data.Source`, or a `tf.data.Dataset`. Of a task
                that reads views also a pair of arrays, or a dataset of pairs: one's
                own two views of each example, which are then not augmented.
            batch_size: Examples in a batch, over all replicas.
            seed: Integer, the run's seed.
            start: Number of the first batch.

        Returns:
            A `tf.data.Dataset`.

        Raises:
            ValueError: If there are fewer examples than `batch_size`, a batch is
                too small for the task or the replicas, the task has no pretext
                layer, a text pretext layer has more token ids or longer rows than
                the encoder takes, the encoder takes another shape, or the examples
                leave nothing to learn.
        """
        examples, pretext = as_views(self, examples)
        if pretext is None:
            raise InvalidValue(
                f"This {type(self).__name__} has no pretext layer, so it cannot make "
                "training data. Pass `pretext=` when you make it."
            )
        check_token_sizes(self.encoder, pretext)
        self._check_batch_size(batch_size)
        dataset = pretext_dataset(
            examples,
            pretext,
            batch_size=batch_size,
            seed=seed,
            start=start,
            reads=[key for key in self.reads if key != "weight"],
        )
        check_fits(dataset.source, pretext, self.encoder)
        if start == 0:
            self._check_weights(dataset)
        return dataset

    def features(self, x, batch_size=256, pooling="auto"):
        """Returns one feature vector per example, from the encoder alone.

        Args:
            x: Prepared encoder inputs (see `PretextLayer.prepare`), an array
                or a dict of arrays.
            batch_size: Examples at a time.
            pooling: As in `kerassl.encoders.pool`.

        Returns:
            Float32 NumPy array of shape (examples, dim).

        Raises:
            ValueError: If values of `x` are out of the range that `prepare` makes,
                as those of raw examples are.
        """
        if self.pretext is not None:
            self.pretext.encoder_input.check(x)
        distribute.read_state(self)
        models = self.__dict__.setdefault("_feature_models", {})
        if pooling not in models:
            models[pooling] = feature_model(self.encoder, pooling)
        model = models[pooling]
        if isinstance(x, dict) and isinstance(model.input, dict):
            x = {name: x[name] for name in model.input}  # not each takes segments
        return model.predict(x, batch_size=batch_size, verbose=0)

    def encode(self, examples, batch_size=256, pooling="auto", progress=False):
        """Returns one feature vector for each raw example.

        The examples are prepared as the pretext layer does it, without the task, so
        nothing need be known of what the encoder takes.

        Args:
            examples: What `dataset` takes: texts, images, paths, a
                `kerassl.data.Source`.
            batch_size: Examples at a time.
            pooling: As in `kerassl.encoders.pool`.
            progress: Whether to show a progress bar; None where the error stream is
                a terminal.

        Returns:
            Float32 NumPy array of shape (examples, dim).

        Raises:
            ValueError: If the task has no pretext layer, or that or the encoder
                cannot take the examples.
        """
        if self.pretext is None:
            raise InvalidValue(
                f"This {type(self).__name__} has no pretext layer to prepare raw "
                "examples. Give prepared ones to `features`."
            )
        source = as_source(examples)
        check_fits(source, self.pretext, self.encoder)
        batches = prepared_batches(source, self.pretext, batch_size)
        total = -(-len(source) // batch_size)
        found = [
            self.features(batch, batch_size, pooling)
            for batch in track(
                batches.as_numpy_iterator(), "encoding", total, shown=progress
            )
        ]
        return np.concatenate(found)

    def draw(self, inputs):
        """Returns a figure of what the task makes of examples, or None.

        Such as reconstructions or samples, on the same scale for every call: a
        run keeps pictures of the same examples. By default there is none.

        Args:
            inputs: Raw examples, a batch of a few.
        """
        return None

    # --- What Keras calls ---

    def call(self, x, training=False, player=None):
        if player is None:
            return self.propagate(x, training)
        return self.propagate_for(player, x, training)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return sum(
            self.loss_of(player, x, y, y_pred, sample_weight, training)
            for player in self.players()
        )

    def loss_of(self, player, x, y, y_pred, sample_weight=None, training=True):
        """Returns this replica's share of the loss of one player."""
        terms = self.terms_of(player, x, y, y_pred, sample_weight, training)
        loss = sum(global_mean_share(term) for term in terms)
        for extra in self.losses:
            loss = loss + self._aggregate_additional_loss(extra)
        return loss

    def terms_of(self, player, x, y, y_pred, sample_weight=None, training=True):
        """Returns the list of terms whose means are the loss of one player."""
        y, outputs = self._target(y, sample_weight), _to_float32(y_pred)
        return list(self.objective_for(player, x, y, outputs, training).values())

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        y = self._target(y, sample_weight)
        measures = self.measures(x, y, _to_float32(y_pred)) if self.tracked else {}
        for tracker in self._trackers:
            mean = distribute.all_sum(global_mean_share(measures[tracker.name]))
            tracker.update_state(mean)
        return self.get_metrics_result()

    def values_of(self, batch):
        """Returns the loss and the measures of a batch, without training on it.

        Args:
            batch: One of `dataset()`.

        Returns:
            Dict of floats: "loss", and each of `tracked`.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        outputs = self(x, training=False)
        loss = self.compute_loss(x, y, outputs, sample_weight, training=False)
        y = self._target(y, sample_weight)
        found = self.measures(x, y, _to_float32(outputs)) if self.tracked else {}
        means = {name: global_mean_share(found[name]) for name in self.tracked}
        return {name: float(value) for name, value in {"loss": loss, **means}.items()}

    def _target(self, y, sample_weight):
        """Returns what `objective` finds in its argument `y`."""
        if "weight" in self.reads:
            return y, sample_weight
        if sample_weight is not None:
            raise InvalidValue(
                f"{type(self).__name__} counts all examples alike: `sample_weight` and "
                "`class_weight` must be None. A task of your own that reads weights "
                'names "weight" in `reads`.'
            )
        return y

    def compile(self, optimizer="rmsprop", *, jit_compile="auto", **kwargs):
        """Configures training as `keras.Model.compile` does.

        The loss and the measures are the task's own, so `loss`, `metrics` and
        their weights are refused.

        Args:
            optimizer: A Keras optimizer, its name, or a dict of these by
                player.
            jit_compile: `"auto"` uses XLA where it is measured to be faster.
            **kwargs: As in `keras.Model.compile`.

        Raises:
            ValueError: If an argument is refused, or `optimizer` does not fit
                the task's players.
        """
        for name in ("loss", "loss_weights", "metrics", "weighted_metrics"):
            if kwargs.get(name) is not None:
                raise InvalidValue(
                    f"`{name}` must be None: the loss and the measures of a "
                    f"{type(self).__name__} are its own. Received: {kwargs[name]!r}"
                )
        if jit_compile == "auto":
            jit_compile = distribute.use_xla(self) and not kwargs.get("run_eagerly")
        halves = any(
            getattr(layer.dtype_policy, "compute_dtype", None) == "float16"
            for layer in self._flatten_layers()
        )
        with distribute.scope_of(self):
            optimizer = distribute.prepare_optimizer(self, optimizer, halves)
            self._check_players(optimizer)
            super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
            self.build_optimizer()

    def compile_from_config(self, config):
        # Keras skips this for a class with its own `compile`.
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(self, x=None, y=None, batch_size=None, *args, seed=0, **kwargs):
        """Trains as `keras.Model.fit` does, on raw examples too.

        Raw examples are made into batches as by `dataset`: arrays are shuffled in
        each pass, a `tf.data.Dataset` keeps its order, and its batches if it has
        some. The first batch is the one that follows the steps done, so that a second
        call goes on with others. What does not fill a batch is left out, another part
        of the data in each pass.

        The dataset of `dataset()` never ends, so an epoch of it is one pass
        over its examples unless `steps_per_epoch` says otherwise.

        Args:
            x: What `dataset` takes; batches of raw examples or ready batches, each a
                `tf.data.Dataset`; or what else `keras.Model.fit` takes.
            y: Of `keras.Model.fit`. Of raw examples None, or the class of each, of a
                task that reads it.
            batch_size: Examples in a batch of raw ones; None for 32, or all if fewer.
            *args: Of `keras.Model.fit`.
            seed: Integer, from which all randomness of raw examples comes.
            **kwargs: Of `keras.Model.fit`. `validation_data` may be raw too, and are
                then read in their order, with the same masks or views each time.

        Raises:
            ValueError: If it is not clear what `x` is, no pass ends and
                `steps_per_epoch` (or `validation_steps`) does not say how long one
                is, a batch is too small, or the learning rate is 0 and stays so.
        """
        known = inspect.signature(super().fit)
        given = known.bind_partial(x, y, batch_size, *args, **kwargs).arguments
        given = training_data(self, dict(given), seed)
        x, validation = given["x"], given.get("validation_data")
        if hasattr(x, "element_spec"):
            given.setdefault("shuffle", False)  # a dataset comes in its own order
        steps, asked = given.get("steps_per_epoch"), given.get("validation_steps")
        given["steps_per_epoch"] = _steps("fit", "steps_per_epoch", x, steps)
        steps = _steps("fit", "validation_steps", validation, asked)
        # `evaluate` reads once what has an order, also what does not fill a batch.
        ordered = asked is None and hasattr(validation, "in_order")
        given["validation_steps"] = None if ordered else steps
        for size in _batch_sizes(x):
            self._check_batch_size(size)
        distribute.check_shares(self, x, given.get("batch_size"))
        if self.optimizer is not None:
            distribute.check_learning_rates(self.optimizer)
        if own := self.own_callbacks(x):
            given["callbacks"] = [
                *own,
                *keras.tree.flatten(given.get("callbacks") or []),
            ]
        with distribute.letting_graphs_go():
            return super().fit(**given)

    def own_callbacks(self, x):
        """Returns callbacks that `fit` puts before the user's, none by default.

        Args:
            x: The batches that are trained on.
        """
        return []

    def evaluate(self, x=None, y=None, batch_size=None, *args, steps=None, **kwargs):
        """Evaluates as `keras.Model.evaluate` does, on raw examples too.

        Raw examples and a dataset of `dataset()` are read once, in their order, and
        what does not fill a batch counts too. Masks and views are those that the
        batch of the same number draws in training. Left out is an incomplete
        last batch where the loss compares the examples of a batch
        (`compares_examples`), and where it cannot be shared out to the devices.

        Args:
            x: As for `fit`.
            y: As for `fit`.
            batch_size: As for `fit`.
            *args: Of `keras.Model.evaluate`.
            steps: Batches to read, of a dataset of `dataset()` shuffled ones as in
                training; None for all.
            **kwargs: Of `keras.Model.evaluate`.
        """
        within_fit = kwargs.get("_use_cached_eval_dataset", False)
        batches = None if within_fit else one_pass(self, x, y, batch_size)
        if batches is not None:
            x, y, batch_size = batches, None, None
        if steps is not None or not hasattr(x, "in_order"):
            steps = _steps("evaluate", "steps", x, steps)
            return super().evaluate(x, y, batch_size, *args, steps=steps, **kwargs)
        _steps("evaluate", "steps", x, steps)
        # What Keras has kept are the endless batches.
        kwargs.pop("_use_cached_eval_dataset", None)
        whole, rest = x.in_order()
        found = super().evaluate(whole, None, None, *args, **kwargs)
        size = _batch_sizes(rest)
        if not size or self.compares_examples or not distribute.can_share(self, *size):
            return found
        quiet = {**kwargs, "verbose": 0, "callbacks": None}
        last = super().evaluate(rest, None, None, *args, **quiet)
        share = size[0] / len(x.source)
        return keras.tree.map_structure(
            lambda most, few: (1 - share) * most + share * few, found, last
        )

    def predict(self, x, batch_size=None, *args, steps=None, **kwargs):
        """Predicts as `keras.Model.predict` does, of raw examples too.

        Of raw examples and a dataset of `dataset()` every one is predicted once, row
        i for the i-th. Masks and views are those that the batch of the same
        number draws in training.

        Args:
            x: As for `fit`.
            batch_size: As for `fit`.
            *args: Of `keras.Model.predict`.
            steps: Batches to read, of a dataset of `dataset()` shuffled ones as in
                training; None for all.
            **kwargs: Of `keras.Model.predict`.
        """
        batches = one_pass(self, x, None, batch_size, loss=False)
        if batches is not None:
            x, batch_size = batches, None
        steps_of_pass = _steps("predict", "steps", x, steps)
        if steps is not None or not hasattr(x, "in_order"):
            options = {"steps": steps_of_pass, **kwargs}
            return super().predict(x, batch_size, *args, **options)
        # Filled up, since a part of a batch may leave a device without an example.
        whole, _ = x.in_order(fill=True)
        rows = len(x.source)
        return keras.tree.map_structure(
            lambda output: output[:rows], super().predict(whole, None, *args, **kwargs)
        )

    def get_config(self):
        return {
            **super().get_config(),
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "pretext": keras.saving.serialize_keras_object(self.pretext),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        nested = {
            # A copy, since Keras empties nested configurations as it reads.
            key: keras.saving.deserialize_keras_object(
                copy.deepcopy(value), custom_objects=custom_objects
            )
            for key, value in config.items()
            if isinstance(value, dict) and "class_name" in value
        }
        return cls(**{**config, **nested})

    def _check_batch_size(self, batch_size):
        check_integer("batch_size", batch_size, least=1)
        if batch_size < self.least_examples:
            raise InvalidValue(
                f"`batch_size` must be at least {self.least_examples} for "
                f"{type(self).__name__}: with fewer examples there is nothing to tell "
                f"one from, and nothing to learn. Received: {batch_size}"
            )
        distribute.check_batch_size(self, batch_size)

    def _check_weights(self, dataset):
        """Raises where nothing in the first batches has a weight."""
        count = min(WEIGHED_BATCHES, known_steps(dataset) or WEIGHED_BATCHES)
        seen = 0
        for batch in dataset.take(count):
            x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
            weights = self.weights_of(x, self._target(y, sample_weight))
            if weights is None or np.any(np.asarray(weights) > 0):
                return
            seen += 1
        if not seen:
            raise InvalidValue("`examples` must fill a batch. Received fewer.")
        why = ""
        if getattr(self.pretext, "tokenizer", None) is not None:
            why = (
                ": texts that are empty or of one word, or whose words the tokenizer "
                "does not know, have nothing to hide or to tell from its neighbours"
            )
        raise InvalidValue(
            f"`examples` must leave {type(self).__name__} something to learn. Received "
            f"{seen} batches in which nothing is asked for{why}."
        )

    def _check_players(self, optimizer):
        names = set(self.players())
        given = getattr(optimizer, "optimizers", None)
        if given is None and len(names) > 1:
            raise InvalidValue(
                "`optimizer` must be a dict with one optimizer for each of "
                f"{sorted(names)}. Received: {optimizer!r}"
            )
        if given is not None and set(given) != names:
            raise InvalidValue(
                f"`optimizer` must have the keys {sorted(names)}. Received: "
                f"{sorted(given)}"
            )
        every = self.steps_per_update()
        first = next(iter(self.players()))
        counts = [1, *every.values()]
        if set(every) - names or every.get(first, 1) != 1 or min(counts) < 1:
            raise InvalidValue(
                "`steps_per_update` must give integers >= 1 for players of "
                f"{list(self.players())}, and 1 for the first. Received: {every}"
            )


def global_mean_share(term):
    """Returns this replica's share of a term's weighted mean.

    The shares add up over the replicas to sum(values * weights) /
    sum(weights), taken over the whole batch. A replicated scalar is shared
    out evenly, by the same formula.

    Args:
        term: Values, or a pair (values, weights) of one shape.

    Returns:
        Float scalar.

    Example:
        >>> values, weights = ops.array([1.0, 5.0]), ops.array([1.0, 0.0])
        >>> float(global_mean_share((values, weights)))
        1.0
    """
    values, weights = term if isinstance(term, tuple) else (term, None)
    values = ops.cast(values, "float32")
    if weights is None:
        weights = ops.ones_like(values)
    weights = ops.cast(weights, "float32")
    total = distribute.all_sum(ops.sum(weights))
    # A batch without a single weight has loss 0 rather than NaN.
    return ops.sum(values * weights) / ops.maximum(total, 1e-6)


def _steps(method, argument, data, given):
    """Returns how many batches to read of data, None where they end by themselves.

    Raises where they would never end.
    """
    if given is not None:
        check_positive_integers(**{argument: given})
        return given
    steps = known_steps(data)
    if steps is None and is_endless(data):
        raise InvalidValue(
            f"`{argument}` must be given, since the data do not tell their length and "
            f"`{method}` would never end. Or tell it, before `task.dataset`: "
            "`data.apply(tf.data.experimental.assert_cardinality(n))`."
        )
    return steps


def _batch_sizes(data):
    """Returns the size of a dataset's batches, in a list that is empty if unknown."""
    specs = keras.tree.flatten(getattr(data, "element_spec", None))
    shapes = [spec.shape for spec in specs if hasattr(spec, "shape")]
    sizes = [shape[0] for shape in shapes if shape.rank]
    return [size for size in sizes[:1] if size is not None]


def _to_float32(outputs):
    def cast(tensor):
        if keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype)):
            return ops.cast(tensor, "float32")
        return tensor

    return keras.tree.map_structure(cast, outputs)
