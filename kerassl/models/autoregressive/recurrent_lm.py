"""Recurrent language modelling, with a state that goes from window to window."""

import math

import keras
from keras import ops

from kerassl import distribute
from kerassl.checks import check_integer
from kerassl.data.token_streams import TokenStreams
from kerassl.encoders.token_embedding import token_embedding_of
from kerassl.errors import InvalidValue
from kerassl.losses.language import token_cross_entropy
from kerassl.metrics.tokens import token_accuracy
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import keep_untracked

CELLS = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
# The layers of an encoder that are run here; others treat padding alone.
READ = (keras.layers.Embedding, keras.layers.Dropout, *CELLS)
# The number of the document that goes on from the batch before, in `TokenStreams`.
GOES_ON = -1


@keras.saving.register_keras_serializable(package="kerassl")
class RecurrentLM(PretextModel):
    """Trains recurrent layers to tell the next token (AWD-LSTM's task).

    A corpus is one stream of tokens, read in windows: as many streams side by side as
    a batch has rows, each window going on where the one of the batch before ended. The
    state of the layers is carried from window to window, so that a token is told from
    all of its document before it, while gradients stay within a window (truncated
    backpropagation). At the beginning of a document the state is reset to zeros: no
    document sees another.

    The state is a variable: a run that is killed goes on with it bit for bit, and
    replicas carry the state of the whole batch. Windows that do not come from
    `dataset`, and all windows of `evaluate` and `predict`, begin with a state of
    zeros. Windows are read in the same order in each pass; what does not fill the
    streams evenly is left out. Data that are given to a second `fit` are taken up in
    the middle of their streams where the steps that are done say so: what the state
    holds in their first windows is then of the data before.

    The projection to the vocabulary is the encoder's own embedding (tied weights).

    Args:
        encoder: A functional `keras.Model` from `"token_ids"` and `"padding_mask"`
            through an embedding, dropouts and recurrent layers, as
            `kerassl.encoders.recurrent_text` gives.
        pretext: A `kerassl.pretext.NextToken`; its `sequence_length` is the length of
            truncated backpropagation.
        max_batch_size: Rows for which a state is kept, at least those of a batch.
        name: Model name.
        **kwargs: Of `PretextModel`.

    Input:
        A dict of integer tensors `"token_ids"`, `"padding_mask"` and `"segment_ids"`,
        each (batch, time); tokens of the document that goes on from the batch before
        have the segment -1.

    Output:
        Logits, float (batch, time, vocabulary_size).

    Logs:
        loss: Nats a token; about ln vocabulary_size before training.
        accuracy: Share of tokens that are told rightly.

    Raises:
        ValueError: If the encoder is of another kind, or `dataset` is asked for larger
            batches, or given a stream that has no random access.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.encoders import recurrent_text
        >>> from kerassl.pretext import NextToken
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, "bpe", vocabulary_size=270)
        >>> encoder = recurrent_text(270, 8, 16, num_layers=2, dropout=0.0)
        >>> task = RecurrentLM(encoder, NextToken(tokenizer, sequence_length=8))
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=4), verbose=0)
        >>> sorted(history.history)
        ['accuracy', 'loss']

    References:
        Merity et al., 2017, https://arxiv.org/abs/1708.02182;
        Dai and Le, 2015, https://arxiv.org/abs/1511.01432
    """

    tracked = ("accuracy",)
    reads = ("weight",)
    default_measures = ("classification", "perplexity", "pretext")

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        max_batch_size: int = 256,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_integer("max_batch_size", max_batch_size, least=1, most=1 << 20)
        self.max_batch_size = max_batch_size
        steps = _opened(encoder)
        # The encoder holds their weights.
        keep_untracked(self, _steps=steps, _embedding=token_embedding_of(encoder))
        self._states = [
            self.add_weight(
                shape=(max_batch_size, units),
                initializer="zeros",
                trainable=False,
                name=f"state{number}",
            )
            for number, units in enumerate(
                size for step in steps for size in getattr(step, "state_size", ())
            )
        ]
        self.built = True

    def dataset(self, examples, batch_size, seed=0, start=0):
        """Returns the training batches: windows that go on from batch to batch.

        Args:
            examples: As in `PretextModel.dataset`, with random access.
            batch_size: Streams side by side, at most `max_batch_size`.
            seed: Integer; nothing but dropout is drawn.
            start: Number of the first batch.
        """
        check_integer("batch_size", batch_size, least=1)
        if batch_size > self.max_batch_size:
            raise InvalidValue(
                "`batch_size` must be at most the model's `max_batch_size`, "
                f"{self.max_batch_size}. Received: {batch_size}"
            )
        windows = super().dataset(examples, batch_size, seed, start).source
        if windows.sequential:
            raise InvalidValue(
                "`examples` must be readable at any position, to be read as streams "
                f"side by side. Received: {type(windows).__name__}"
            )
        end = self.pretext.tokenizer.end_token_id
        streams = TokenStreams(windows, batch_size, end)
        return super().dataset(streams, batch_size, seed, start)

    def propagate(self, x, training):
        return self.logits_of(self.hidden_states(x, training))

    def hidden_states(self, x, training=False):
        """Returns the last layer's output for each token.

        Args:
            x: As the model's input.
            training: Whether dropout is on, and the state carried.

        Returns:
            Float tensor (batch, time, embedding_dim).
        """
        segments = x["segment_ids"]
        before = ops.pad(segments[:, :-1], [[0, 0], [1, 0]], constant_values=GOES_ON)
        keep = ops.cast(segments == before, "float32")[..., None]  # (batch, time, 1)
        given = self._carried(segments, training)
        states, ended = x["token_ids"], []
        for step in self._steps:
            if isinstance(step, keras.layers.RNN):
                begin = [given.pop(0) for _ in step.state_size]
                flags = ops.cast(keep, states.dtype)
                both = ops.concatenate([states, flags], axis=-1)
                states, *ends = step(both, initial_state=begin, training=training)
                ended += ends
            elif isinstance(step, keras.layers.Dropout):
                states = step(states, training=training)
            else:
                states = step(states)
        if training:
            self._keep(ended)
        return states

    def logits_of(self, hidden_states):
        """Returns the logits of the next token.

        Args:
            hidden_states: Float tensor (..., embedding_dim).

        Returns:
            Float tensor (..., vocabulary_size).
        """
        return self._embedding(hidden_states, reverse=True)

    def objective(self, x, y, outputs, training):
        targets, weights = y
        return {"next_token": (token_cross_entropy(outputs, targets), weights)}

    def measures(self, x, y, outputs):
        targets, weights = y
        return {"accuracy": (token_accuracy(outputs, targets), weights)}

    def loss_at_chance(self, batch_size):
        """Returns ln of the vocabulary's size, the loss of all tokens alike."""
        return math.log(self._embedding.input_dim)

    def _carried(self, segments, training):
        """Returns the states that this replica's rows begin with."""
        rows = ops.shape(segments)[0]
        if not training:
            return [ops.zeros((rows, s.shape[1]), "float32") for s in self._states]
        # For the place alone: the states of all rows are known here.
        _, offset = distribute.gather_keys(segments[:, :1])
        places = offset + ops.arange(rows, dtype="int32")
        return [ops.take(state.value, places, axis=0) for state in self._states]

    def _keep(self, ended):
        """Keeps the states of all replicas' rows for the next batch."""
        for variable, state in zip(self._states, ended, strict=True):
            state = ops.stop_gradient(ops.cast(state, "float32"))
            rows = distribute.all_gather(state)
            places = ops.arange(ops.shape(rows)[0], dtype="int32")[:, None]
            variable.assign(ops.scatter_update(variable.value, places, rows))

    def get_config(self):
        return {**super().get_config(), "max_batch_size": self.max_batch_size}


class _Resetting:
    """A layer's cell, whose state is zeros where the last input feature is 0.

    Args:
        cell: A Keras cell, whose weights it shares.
    """

    def __init__(self, cell):
        self.cell, self.compute_dtype = cell, cell.compute_dtype
        self.state_size, self.output_size = cell.state_size, cell.units

    def __call__(self, inputs, states):
        return self.call(inputs, states)

    def call(self, inputs, states):
        keep = inputs[:, -1:]
        return self.cell(inputs[:, :-1], [state * keep for state in states])


def _opened(encoder):
    """Returns the layers of an encoder in their order, recurrent ones with resets."""
    steps = [
        layer for layer in getattr(encoder, "layers", ()) if isinstance(layer, READ)
    ]
    recurrent = [layer for layer in steps if isinstance(layer, CELLS)]
    embedding = token_embedding_of(encoder)
    if (
        not recurrent
        or embedding is not steps[0]
        or not isinstance(embedding, keras.layers.ReversibleEmbedding)
        or recurrent[-1].units != embedding.output_dim
    ):
        raise InvalidValue(
            "`encoder` must embed tokens and read them by recurrent layers, the last "
            "as wide as the embedding, as `kerassl.encoders.recurrent_text` does. "
            f"Received: {encoder.name!r} of {type(encoder).__name__}"
        )
    return [_resetting(layer) if layer in recurrent else layer for layer in steps]


def _resetting(layer):
    return keras.layers.RNN(
        _Resetting(layer.cell),
        return_sequences=True,
        return_state=True,
        dtype=layer.dtype_policy,
        name=f"{layer.name}_with_resets",
    )
