"""Denoising of whole texts: noise of your choice, and the original asked for."""

import difflib
from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from kerassl.errors import InvalidValue
from kerassl.pictures import Mark, token_figure
from kerassl.pretext.base import fold_seed
from kerassl.pretext.text.base import TextPretextLayer
from kerassl.pretext.text.denoising_rows import DenoisingRows
from kerassl.pretext.text.token_noise import TokenNoise, Vocabulary
from kerassl.tokenizers.token_rows import first_rows

# How the figure draws tokens.
MARKS = {
    "masked": Mark("hidden behind the mask", "#c0392b"),
    "changed": Mark("changed or moved", "#d9a514", "black"),
    "missing": Mark("missing above", "#2471a3"),
}


@keras.saving.register_keras_serializable(package="kerassl")
class NoisyText(TextPretextLayer):
    """Applies noise to each text and asks for the whole original (BART).

    The noises are applied one after the other, each with random numbers of
    its own. A document longer than `sequence_length` is read from an offset
    drawn from the seed. `prepare` always reads from the start.

    BART is `noises=[SentencePermutation(), TextInfilling()]` with
    `start_token=True`.

    Call arguments:
        inputs: Texts, a string tensor (batch,); or token ids without special
            tokens, an integer tensor (batch, time) padded with the
            tokenizer's padding id, or a `tf.RaggedTensor` of them; or windows
            over joined documents, as `kerassl.data.TokenShards` gives.
        seed: Integer tensor of shape (2,).

    Returns:
        A tuple `(x, y, sample_weight)`:
            x: dict of int32 tensors (batch, sequence_length):
                `"encoder_token_ids"` and `"encoder_padding_mask"`, the text
                with noise, and `"decoder_token_ids"` and
                `"decoder_padding_mask"`, the answer shifted by one, behind a
                padding token; with a start token, behind the end token.
            y: int32 tensor (batch, sequence_length), the original text and
                the end token; with a start token, that in front.
            sample_weight: float32 tensor (batch, sequence_length), 1 at the
                answer's tokens and 0 at padding.

    Args:
        tokenizer: A KerasHub tokenizer with start, end and padding tokens,
            such as `kerassl.data.train_tokenizer` gives.
        sequence_length: Tokens of a row, the end included, above 1; with a start
            token above 2.
        noises: One or more of `TextInfilling`, `TokenMasking`, `TokenDeletion`,
            `TokenReplacement`, `SentencePermutation`, `DocumentRotation`, or noise
            of your own (a `TokenNoise`), in the order in which they are applied.
        start_token: Whether rows begin with the start token and the decoder with
            the end token, as BART's do; else as T5's.
        name: Layer name.
        **kwargs: Of `PretextLayer`.

    Raises:
        ValueError: If an argument is out of range, the tokenizer lacks one of
            the special tokens, or there is no tokenizer when data arrives.

    Example:
        >>> from kerassl.data import train_tokenizer
        >>> from kerassl.pretext.text import SentencePermutation, TokenDeletion
        >>> texts = ["the cat sat. the dog sat."]
        >>> tokenizer = train_tokenizer(texts, vocabulary_size=26)
        >>> noises = [SentencePermutation(), TokenDeletion(0.3)]
        >>> pretext = NoisyText(tokenizer, sequence_length=16, noises=noises)
        >>> x, y, weight = pretext(tf.constant(texts), tf.constant([0, 1]))
        >>> x["encoder_token_ids"].shape, y.shape
        (TensorShape([1, 16]), TensorShape([1, 16]))

    Reference:
        Lewis et al., 2019, https://arxiv.org/abs/1910.13461
    """

    formerly = {"start_token": False}

    def __init__(
        self,
        tokenizer=None,
        sequence_length: int = 128,
        noises: Sequence[TokenNoise] = (),
        start_token: bool = False,
        *,
        name: str | None = None,
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        noises = [*noises] if isinstance(noises, Iterable) else [noises]
        if not noises or not all(isinstance(noise, TokenNoise) for noise in noises):
            raise InvalidValue(
                "`noises` must hold one or more TokenNoise, such as "
                f"`kerassl.pretext.TokenMasking(0.15)`. Received: {noises}"
            )
        self._rows = DenoisingRows(tokenizer, sequence_length, start_token=start_token)
        self.tokenizer = tokenizer
        self.sequence_length = sequence_length
        self.noises = noises
        self.start_token = start_token

    def call(self, inputs, seed):
        special = self._rows.special_ids()
        vocabulary = Vocabulary.of(self.tokenizer, special)
        answer, text_lengths = self._rows.clean(inputs, fold_seed(seed, 0))
        columns = tf.range(answer.shape[1])
        shown = tf.where(columns < text_lengths, answer, special["pad"])
        lengths = text_lengths
        for number, noise in enumerate(self.noises, 1):
            shown, lengths = noise(shown, lengths, fold_seed(seed, number), vocabulary)
        shown = tf.where(columns == lengths, special["end"], shown)
        return self._rows.example(
            *self._rows.started(shown, lengths + 1),
            *self._rows.started(answer, text_lengths + 1),
        )

    def prepare(self, inputs):
        """Returns the encoder inputs of a batch, without noise.

        Args:
            inputs: As for a call.

        Returns:
            A dict of int32 tensors `"token_ids"` and `"padding_mask"`, each
            (batch, sequence_length).
        """
        return self._rows.prepare(inputs)

    def ask(self, prompts):
        """Returns what a model is given to write the original of noisy texts.

        Args:
            prompts: List of strings. Where one of the noises hides tokens behind
                the mask, `kerassl.tokenizers.gaps.GAP` stands for it.

        Returns:
            Dict of int32 arrays as of a call's x.

        Raises:
            ValueError: If a prompt is empty, has a gap though no noise makes one, is
                too long, or is not known to the tokenizer.
        """
        if not all(prompt.strip() for prompt in prompts):
            raise InvalidValue("`prompt` must not be empty.")
        masks = any(noise.masks for noise in self.noises)
        mask = getattr(self.tokenizer, "mask_token_id", None)
        gaps = [mask] * self.sequence_length if masks else []
        return self._rows.question(prompts, self.sequence_length, gaps)

    def recover(self, x, answer):
        """Returns the texts that answers give: what stands before their ends.

        Args:
            x: A call's `x`; the answer alone holds the whole text.
            answer: Integer array (batch, time), as a call's `y`, or what a
                model answered.

        Returns:
            A list of NumPy arrays, the token ids of each text without special
            tokens.
        """
        special = self._rows.special_ids()
        texts = []
        for row in np.asarray(answer):
            row = row[: np.argmax(np.append(row, special["end"]) == special["end"])]
            texts.append(row[~np.isin(row, [special["pad"], special["start"]])])
        return texts

    def draw(self, inputs, seed):
        """Returns a figure: each text with noise, and below it the original.

        Args:
            inputs: As for a call; the first three are shown.
            seed: Integer tensor of shape (2,).

        Returns:
            A `matplotlib.figure.Figure`.
        """
        return token_figure(self._annotate(first_rows(inputs, 3), seed), MARKS)

    def get_config(self):
        return {
            **super().get_config(),
            "noises": [keras.saving.serialize_keras_object(n) for n in self.noises],
            "start_token": self.start_token,
        }

    @classmethod
    def from_config(cls, config):
        noises = map(keras.saving.deserialize_keras_object, config["noises"])
        return super().from_config({**config, "noises": list(noises)})

    def _annotate(self, inputs, seed):
        """Returns rows of (text, kind, target): noisy and original in turn."""
        x, answer, _ = self(inputs, seed)
        name = self.tokenizer.id_to_token
        special = self._rows.special_ids()
        mask_id = getattr(self.tokenizer, "mask_token_id", None)
        rows = []
        for shown, asked in zip(
            x["encoder_token_ids"].numpy(), answer.numpy(), strict=True
        ):
            shown = shown[shown != special["pad"]].tolist()
            asked = asked[asked != special["pad"]].tolist()
            matcher = difflib.SequenceMatcher(None, shown, asked, autojunk=False)
            blocks = matcher.get_matching_blocks()
            same = {block.a + i for block in blocks for i in range(block.size)}
            found = {block.b + i for block in blocks for i in range(block.size)}
            changed = ["masked" if token == mask_id else "changed" for token in shown]
            for tokens, kept, kinds in (
                (shown, same, changed),
                (asked, found, ["missing"] * len(asked)),
            ):
                rows.append(
                    [
                        (name(token), "plain" if i in kept else kinds[i], "")
                        for i, token in enumerate(tokens)
                    ]
                )
        return rows
