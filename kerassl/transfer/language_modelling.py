"""How well a language model tells the texts kept out of its training."""

from kerassl import distribute
from kerassl.transfer.measure import Measure
from kerassl.transfer.perplexity import drawn_texts, holds_texts, perplexity

# Texts that are told, and texts that its controls count, at most.
TOLD_TEXTS, COUNTED_TEXTS = 1000, 20_000


class Perplexity(Measure):
    """Measures bits per byte of a causal language model, beside what counting gives.

    Its controls are a unigram model of its tokens and a byte 8-gram model, which
    needs no network (see `kerassl.transfer.inputs.ByteNgrams`). Told are 1,000 of the
    test texts, counted 20,000 of the training texts, drawn with a fixed seed where
    there are more (see `perplexity`).

    Example:
        >>> import keras_hub
        >>> from kerassl.data import ArraySource, train_tokenizer
        >>> from kerassl.models import CausalLM
        >>> from kerassl.pretext import NextToken
        >>> tokenizer = train_tokenizer(["a cat"], "bpe", 258)
        >>> encoder = keras_hub.models.GPT2Backbone(258, 1, 2, 8, 16)
        >>> task = CausalLM(encoder, NextToken(tokenizer, sequence_length=8))
        >>> train, test = ArraySource(["a cat"]), ArraySource(["a hat", "a bat"])
        >>> Perplexity()(task, train, test).bytes
        10
    """

    name = "perplexity"
    unseen = True
    heading = "Examples kept out of training:"

    def __call__(self, task, train, test, *, seed=0, progress=True):
        distribute.read_state(task)
        counted = drawn_texts(train, COUNTED_TEXTS)
        return perplexity(task, drawn_texts(test, TOLD_TEXTS), train_texts=counted)

    def left_out(self, task, test):
        reads_texts = getattr(task.pretext, "tokenizer", None) is not None
        if not reads_texts or not hasattr(task, "logits_of"):
            return "it needs a causal language model with a tokenizer"
        return None if holds_texts(test) else "it needs texts, not windows of tokens"
