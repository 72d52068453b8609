"""The n-th batch as a function of (seed, n)."""

import functools
import itertools
import os

import numpy as np
import tensorflow as tf

from kerassl.checks import check_integer
from kerassl.data.source import Source
from kerassl.data.stream import StreamSource
from kerassl.data.windows import windows_for
from kerassl.errors import InvalidValue

# Epochs and batches are counted in int64; no run reaches this one.
FOREVER = 2**62


# What a task may read beside what its pretext layer makes of the examples.
READS = ("id", "label", "seed", "step")


LABELLED = (
    "single examples with a class each, since the task reads it: an array, with "
    "`y` or as kerassl.data.ArraySource(x, labels=y), or a folder for each class"
)


def pretext_dataset(examples, pretext, *, batch_size, seed=0, start=0, reads=()):
    """Returns the endless batches that a pretext layer makes of examples.

    Every pass over the examples is another permutation, drawn from (seed,
    pass); every batch draws its randomness from (seed, batch number). So
    `pretext_dataset(..., start=n)` begins with exactly the batch that
    `pretext_dataset(...)` yields after n others.

    A pass holds as many whole batches as there are examples for, so that no batch
    reaches into the next pass and holds an example twice. What is left over, less
    than a batch, is another part of the data in each pass, as the permutation is.

    Args:
        examples: A `Source`, or what `as_source` makes one of.
        pretext: A `PretextLayer`. One that packs documents gets windows over
            the joined texts, and these are then the examples.
        batch_size: Examples in a batch, at least 1.
        seed: Integer, the run's seed.
        start: Number of the first batch, at least 0.
        reads: Some of `READS`, the keys that the model's inputs, a dict, get
            beside the layer's own. "id": each example's position in the source,
            int64 (batch,), by which a model keeps something of its own for every
            example. "label": each example's class, int32 (batch,). "seed": a seed
            for each example, int32 (batch, 2), for `kerassl.ops.uniform`. "step":
            the batch's number, int32 (batch,), for what changes in the course of a
            run.

    Returns:
        A `tf.data.Dataset` with the attributes `steps_per_epoch`, the whole
        batches in one pass (None where the source does not know its length),
        `source`, `seed`, and `in_order`, a function that returns finite batches of
        all examples (see `batches_in_order`).

    Raises:
        ValueError: If `batch_size`, `start` or `seed` is out of range, there are
            fewer examples than `batch_size`, the pretext layer cannot take the
            examples, a read is unknown, or one is asked for inputs that are no
            dict, "id" of a stream, or "label" of examples without classes.
    """
    check_integer("batch_size", batch_size, least=1)
    check_integer("start", start, least=0, most=FOREVER)
    seed = int(seed) if isinstance(seed, np.integer) else seed
    check_integer("seed", seed, least=-FOREVER, most=FOREVER)
    if set(reads) - set(READS):
        raise InvalidValue(f"`reads` must be some of {READS}. Received: {reads!r}")
    source = windows_for(_as_source(examples, pretext), pretext)
    check_examples(source, pretext)
    if "id" in reads and source.sequential:
        raise InvalidValue(
            "`examples` must be readable at any position, since each example needs "
            "an id that stays the same from pass to pass. Received a stream."
        )
    if "label" in reads:
        _check_classes(source)
    if source.sequential:
        batches = source.batches(batch_size, start)
    else:
        batches = _shuffled_batches(source, batch_size, seed, start)
    numbers = tf.data.Dataset.range(start, FOREVER)
    make = functools.partial(_made, source, pretext, seed, tuple(reads))
    dataset = make(numbers, batches)
    dataset.steps_per_epoch = _whole_batches(source, batch_size)
    dataset.source, dataset.seed = source, seed
    dataset.in_order = functools.partial(batches_in_order, source, batch_size, make)
    return dataset


def batched_dataset(batches, pretext, *, seed=0, start=0, reads=()):
    """Returns what a pretext layer makes of batches of raw examples, one for one.

    The n-th batch draws its randomness as the n-th of `pretext_dataset` does.

    Args:
        batches: `tf.data.Dataset` of batches, those from number `start` on.
        pretext: As in `pretext_dataset`, and so `seed` and `reads`.
        seed: See `pretext`.
        start: Number of the first batch.
        reads: See `pretext`.

    Returns:
        A `tf.data.Dataset`, endless where `batches` are.

    Raises:
        ValueError: If "id" or "label" is read, since batches do not tell which
            examples they hold, or the dataset is known to be empty.
    """
    if "id" in reads:
        raise InvalidValue(
            "`x` must hold single examples, since each needs an id that stays the same "
            "from pass to pass: an array, or files. Received batches."
        )
    if "label" in reads:
        raise InvalidValue(f"`x` must hold {LABELLED}. Received batches.")
    numbers = tf.data.Dataset.range(start, FOREVER)
    stream = StreamSource(batches)
    return _made(stream, pretext, seed, tuple(reads), numbers, stream.dataset)


def _made(source, pretext, seed, reads, numbers, batches):
    """Returns what a pretext layer makes of numbered batches of examples.

    Args:
        source: As in `pretext_dataset`, and so `pretext`, `seed` and `reads`.
        pretext: See `source`.
        seed: See `source`.
        reads: See `source`.
        numbers: Dataset of the batches' numbers.
        batches: Dataset of batches of positions; of the examples themselves where
            the source is sequential.
    """

    labels = _classes(source) if "label" in reads else None

    @tf.autograph.experimental.do_not_convert
    def make(number, batch):
        examples = batch if source.sequential else source.fetch(batch)
        made = pretext(examples, seed=_batch_seed(seed, number))
        if not reads:
            return made
        return _with_reads(made, reads, seed, number, batch, labels)

    options = tf.data.Options()
    options.deterministic = True
    # The batches are the same wherever they are made, so every worker makes
    # all of them and keeps its part.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA
    )
    dataset = tf.data.Dataset.zip(numbers, batches)
    dataset = dataset.map(make, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.prefetch(tf.data.AUTOTUNE).with_options(options)
    dataset.is_made = True  # so that nobody makes batches of these batches
    return dataset


def batches_in_order(source, batch_size, make, *, fill=False):
    """Returns (whole, rest): all examples once, in the order of the source.

    The n-th batch draws its randomness as the n-th batch of training does.

    Args:
        source: A `Source` that knows its length.
        batch_size: Examples in a batch.
        make: Function from datasets of numbers and batches to the dataset.
        fill: Whether the last batch is filled up from the first examples, so that
            all batches are whole. Else what is left is a dataset of its own, of
            one smaller batch: a network sees batches of two known sizes.

    Returns:
        Two finite datasets; the second is None where nothing is left.
    """
    size = len(source)
    count, left = divmod(size, batch_size)
    if fill and left:
        count, left = count + 1, 0
    examples = source.dataset if source.sequential else tf.data.Dataset.range(size)
    batches = examples.repeat().batch(batch_size, drop_remainder=True).take(count)
    whole = make(tf.data.Dataset.range(count), batches)
    if not left:
        return whole, None
    rest = examples.skip(size - left).batch(left, drop_remainder=True)
    return whole, make(tf.data.Dataset.range(count, count + 1), rest)


def steps_per_epoch(dataset):
    """Returns the batches in one pass over a `pretext_dataset`, else None."""
    return getattr(dataset, "steps_per_epoch", None)


def prepared_batches(source, pretext, batch_size=256):
    """Returns the clean encoder inputs of a source, in its order.

    Args:
        source: A `Source` with random access.
        pretext: The `PretextLayer` whose `prepare` makes them.
        batch_size: Examples in a batch; the last one holds what is left.

    Returns:
        A finite `tf.data.Dataset`.
    """
    check_examples(source, pretext)
    return prepared_at(tf.data.Dataset.range(len(source)), source, pretext, batch_size)


def prepared_at(positions, source, pretext, batch_size):
    """Returns the clean encoder inputs of some examples, in the order given.

    Args:
        positions: A `tf.data.Dataset` of positions, int64 scalars.
        source: As in `prepared_batches`, and so `pretext` and `batch_size`.
        pretext: See `source`.
        batch_size: See `source`.

    Returns:
        A finite `tf.data.Dataset`.
    """
    prepare = tf.autograph.experimental.do_not_convert(
        lambda chosen: pretext.prepare(source.fetch(chosen))
    )
    batches = positions.batch(batch_size).map(prepare, tf.data.AUTOTUNE)
    return batches.prefetch(tf.data.AUTOTUNE)


def check_examples(source, pretext):
    """Raises an error where a pretext layer cannot take the examples of a source.

    Args:
        source: A `Source`. All its examples are looked at where they are in memory,
            else the first few: the layer itself watches the others as they come.
        pretext: The `PretextLayer` that is to take them.

    Raises:
        ValueError: If it cannot.
    """
    config = pretext.get_config() if source.quantities else {}
    for name, value in source.quantities.items():
        if config.get(name, value) != value:
            raise InvalidValue(
                f"`{name}` of the pretext layer must be {value}, as the data have. "
                f"Received: {config[name]}"
            )
    for some in source.at_hand():
        pretext.check(some)


def check_fits(source, pretext, encoder):
    """Raises an error where an encoder cannot take what a pretext layer makes.

    Args:
        source: A `Source`, of which the first example is looked at.
        pretext: The `PretextLayer`.
        encoder: The `keras.Model`; one of several inputs passes.

    Raises:
        ValueError: If the shape of an example is another one.
    """
    taken = getattr(encoder, "input_shape", None)
    if not isinstance(taken, tuple) or not pretext.prepares:
        return
    examples = source.at_hand() if source.sequential else [source.fetch(np.array([0]))]
    for some in itertools.islice(examples, 1):
        made = pretext.prepare(some)
        if not hasattr(made, "shape"):
            return  # several inputs, by name
        made, taken = tuple(made.shape[1:]), taken[1:]
        if len(made) != len(taken) or any(
            size not in (None, length) for size, length in zip(taken, made, strict=True)
        ):
            raise InvalidValue(
                f"The encoder takes examples of shape {taken}. Received from the "
                f"pretext layer: {made}. Make both for the same shape; in a preset, "
                "change the sections `encoder` and `pretext` together."
            )


def is_endless(data):
    """Returns whether reading `data` never ends, of anything that `fit` takes.

    A `pretext_dataset` never does; a `tf.data.Dataset` does not if it is repeated.
    """
    if hasattr(data, "steps_per_epoch"):
        return True
    return isinstance(data, tf.data.Dataset) and bool(
        data.cardinality() == tf.data.INFINITE_CARDINALITY
    )


def _check_classes(source):
    """Raises unless a source knows the class of every example."""
    if source.labels is None or source.label_kind != "classes":
        raise InvalidValue(
            f"`examples` must be {LABELLED}. Received {source.unit} without classes."
        )


def _classes(source):
    """Returns the class of each example, an int32 tensor."""
    with tf.device("/cpu:0"):  # the input pipeline runs on the host
        return tf.constant(np.asarray(source.labels, np.int32))


def _with_reads(made, reads, seed, number, batch, labels):
    """Returns what a pretext layer made, its inputs with what a task reads beside.

    Args:
        made: `(x, ...)`.
        reads: Some of `READS`.
        seed: Integer, the run's seed.
        number: int64 scalar tensor, the batch's number.
        batch: The examples' positions; of a stream the examples themselves.
        labels: Tensor of the classes of all examples, or None.
    """
    x, *rest = made
    if not isinstance(x, dict):
        raise InvalidValue(
            "A pretext layer must give a dict of inputs where a task reads "
            f"{', '.join(map(repr, reads))} beside. Received: {type(x).__name__}"
        )
    first = tf.nest.flatten(batch)[0]
    rows = first.shape[0] or tf.shape(first)[0]
    makers = {
        "id": lambda: batch,
        "label": lambda: tf.gather(labels, batch),
        "seed": lambda: _example_seeds(seed, number, rows),
        "step": lambda: tf.fill([rows], tf.cast(number, tf.int32)),
    }
    return ({**x, **{key: makers[key]() for key in reads}}, *rest)


def _example_seeds(seed, number, rows):
    return tf.random.stateless_uniform(
        [rows, 2], _fold(seed, 2, number), minval=None, maxval=None, dtype=tf.int32
    )


def _as_source(examples, pretext):
    if isinstance(examples, Source):
        return examples
    from kerassl.data import as_source
    from kerassl.data.shards import is_shard_folder

    options = {}
    if isinstance(examples, str | os.PathLike) and is_shard_folder(examples):
        options["sequence_length"] = pretext.sequence_length
    return as_source(examples, **options)


def _whole_batches(source, batch_size):
    try:
        return len(source) // batch_size
    except TypeError:  # a stream of unknown length
        return None


def _shuffled_batches(source, batch_size, seed, start):
    """Returns batches of positions: those of one permutation after the other."""
    size = len(source)
    if size < batch_size:
        raise InvalidValue(
            f"`batch_size` is {batch_size}, but there are only {size} {source.unit}. "
            "Choose a smaller batch size or give more data."
        )
    first_epoch, offset = divmod(start, size // batch_size)

    @tf.autograph.experimental.do_not_convert
    def batches(epoch):
        # tf.random.experimental.index_shuffle needs no memory, but was found
        # to draw only 256 different permutations over 1,000 epochs.
        positions = tf.random.experimental.stateless_shuffle(
            tf.range(size, dtype=tf.int64), seed=_fold(seed, 0, epoch)
        )
        positions = tf.data.Dataset.from_tensor_slices(positions)
        return positions.batch(batch_size, drop_remainder=True)

    epochs = tf.data.Dataset.range(first_epoch, FOREVER)
    return epochs.flat_map(batches).skip(offset)


def _batch_seed(seed, number):
    return _fold(seed, 1, number)


def _fold(seed, purpose, number):
    base = tf.constant([seed, purpose], tf.int64)
    return tf.random.experimental.stateless_fold_in(base, number)
