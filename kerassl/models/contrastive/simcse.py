"""SimCSE: a sentence should find itself again under another dropout."""

import math

import keras
from keras import ops

from kerassl import distribute
from kerassl.encoders.pooling import feature_model
from kerassl.errors import InvalidValue
from kerassl.losses.contrastive import (
    check_temperature,
    in_batch_info_nce,
    in_batch_logits,
)
from kerassl.metrics.geometry import alignment, uniformity
from kerassl.models.base import PretextModel
from kerassl.models.skeleton import head_policy, keep_untracked

POOLERS = ("cls", "cls_before_pooler", "mean")


@keras.saving.register_keras_serializable(package="kerassl")
class SimCSE(PretextModel):
    """Learns sentence vectors by telling a sentence from all others of a batch.

    Every sentence passes the encoder twice in one forward pass. Dropout drops
    other units each time, and that is the only difference between the two:
    the second vector of a sentence is the positive of its first, and the
    second vectors of all other sentences, over all replicas, are negatives.
    An encoder without dropout has nothing to learn here.

    It makes a good encoder of words into a good encoder of sentences in a
    short training with a low learning rate. Start from pretrained weights: a
    random encoder learns little more than which words a sentence has.

    Args:
        encoder: A KerasHub text backbone with dropout: BERT, RoBERTa,
            DistilBERT, ALBERT, ELECTRA ....
        pretext: A `kerassl.pretext.Tokens`, or any pretext layer with the
            encoder's inputs as its only output.
        temperature: Softmax temperature of the cosines, above 0.
        pooler: How tokens become the sentence's vector. `"cls"` takes the
            first token through a dense layer with tanh, the `head`;
            `"cls_before_pooler"` does so for training and takes the token
            itself afterwards; `"mean"` averages the tokens and has no head.
        name: Model name.
        **kwargs: Further arguments of `PretextModel`.

    Attributes:
        head: The dense layer, None with `pooler="mean"`.

    Input:
        The encoder's: a dict of int32 tensors (batch, sequence_length).

    Output:
        Tuple of two float tensors (batch, dim), one for each pass.

    Logs:
        loss: InfoNCE in nats; log(batch) where nothing is learnt.
        contrastive_accuracy: Share of sentences whose own second vector is
            the nearest of all.
        alignment: Mean squared distance between a sentence's two unit
            vectors; lower is better.
        uniformity: How evenly the unit vectors cover the sphere; lower is
            better, 0 is collapsed.

    Raises:
        ValueError: If `temperature` <= 0 or `pooler` is unknown, or
            `dataset` is called with a tokenizer or rows larger than the
            encoder's.

    Example:
        >>> import keras_hub
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.pretext import Tokens
        >>> texts = ["the cat sat on the mat", "the dog sat on the cat"] * 8
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=30)
        >>> encoder = keras_hub.models.BertBackbone(
        ...     30, num_layers=1, num_heads=2, hidden_dim=16, intermediate_dim=32)
        >>> task = SimCSE(encoder, Tokens(tokenizer, sequence_length=16))
        >>> task.compile("adamw")
        >>> history = task.fit(task.dataset(texts, batch_size=8), verbose=0)
        >>> task.sentence_encoder().output_shape
        (None, 16)

    Reference:
        Gao et al., 2021, https://arxiv.org/abs/2104.08821
    """

    tracked = ("contrastive_accuracy", "alignment", "uniformity")
    can_collapse = True
    least_examples = 2
    compares_examples = True
    views_by_dropout = True

    def __init__(
        self,
        encoder,
        pretext=None,
        *,
        temperature: float = 0.05,
        pooler: str = "cls_before_pooler",
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(encoder, pretext, name=name, **kwargs)
        check_temperature(temperature)
        if pooler not in POOLERS:
            raise InvalidValue(
                f"`pooler` must be one of {POOLERS}. Received: {pooler!r}"
            )
        self.temperature = temperature
        self.pooler = pooler
        features = feature_model(encoder, pooling="mean" if pooler == "mean" else "cls")
        self.leave_unread(features.output)
        self.head = None
        if pooler != "mean":
            dim = features.output_shape[-1]
            self.head = keras.layers.Dense(
                dim,
                activation="tanh",
                kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
                dtype=head_policy(encoder),
                name="head",
            )
            self.head.build((None, dim))
        keep_untracked(self, _features=features)
        self.built = True

    def propagate(self, x, training):
        rows = ops.shape(x["token_ids"])[0]
        twice = {name: ops.concatenate([x[name]] * 2) for name in self._features.input}
        # One pass over both copies, so that each row has a dropout of its own.
        z = self._features(twice, training=training)
        if self.head is not None:
            z = self.head(z)
        return z[:rows], z[rows:]

    def objective(self, x, y, outputs, training):
        return {"info_nce": in_batch_info_nce(*self._compared(outputs))}

    def measures(self, x, y, outputs):
        logits, positives = in_batch_logits(*self._compared(outputs))
        first, second = (distribute.all_gather(z) for z in outputs)
        return {
            "contrastive_accuracy": ops.argmax(logits, axis=-1) == positives,
            "alignment": alignment(first, second),
            "uniformity": uniformity(first),
        }

    def loss_at_chance(self, batch_size):
        return math.log(batch_size)

    def view(self, x):
        return x

    def sentence_encoder(self):
        """Returns a Keras model from the encoder's inputs to sentence vectors.

        It shares the task's weights, and has the head where the pooler keeps
        it. Give it `task.pretext.prepare(texts)`.

        Returns:
            A `keras.Model` whose output is a float32 tensor (batch, dim).
        """
        distribute.read_state(self)
        if self.pooler != "cls":
            return self._features
        vector = self.head(self._features.output)
        if vector.dtype != "float32":
            vector = keras.layers.Activation("linear", dtype="float32")(vector)
        return keras.Model(self._features.input, vector, name="sentence_encoder")

    def _compared(self, outputs):
        """Returns the arguments of the loss: local queries, keys of all replicas."""
        keys, offset = distribute.gather_keys(outputs[1])
        return outputs[0], keys, offset, self.temperature

    def get_config(self):
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "pooler": self.pooler,
        }
