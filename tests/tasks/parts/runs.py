"""What the runs have in common that are killed and go on, as overrides."""

from typing import NamedTuple


class Killed(NamedTuple):
    """A run of a method, small.

    Args:
        preset: Its name.
        overrides: What makes it small, a dict as for `kerassl.pretrain`.
        state: Parts of the names of what the method keeps beside weights, which
            must be among what is compared.
        colored: Whether its images must have colours.
    """

    preset: str
    overrides: dict
    state: tuple[str, ...] = ()
    colored: bool = False


BERT = {
    "tokenizer.vocabulary_size": 60,
    "encoder.num_layers": 1,
    "encoder.hidden_dim": 16,
    "encoder.intermediate_dim": 32,
    "pretext.sequence_length": 16,
}
WORDS = {
    "tokenizer.vocabulary_size": 20,
    "tokenizer.min_count": 1,
    "encoder.dim": 8,
    "pretext.sequence_length": 16,
}
IMAGE = {"encoder.input_shape": [8, 8, 1], "pretext.size": 8}
PLAIN_CNN = IMAGE | {"encoder.widths": [8], "encoder.strides": [2]}
RESNET = IMAGE | {"encoder.depths": [1], "encoder.widths": [8]}
